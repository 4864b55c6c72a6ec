package adapter

// Past is how many channels that reloads took away are still held.
func (a *Adapter) Past() int {
	a.mu.RLock()
	defer a.mu.RUnlock()
	return len(a.past)
}

// Draining says that a reload drains channels.
func (a *Adapter) Draining() bool {
	a.mu.RLock()
	defer a.mu.RUnlock()
	return a.hurry != nil
}
