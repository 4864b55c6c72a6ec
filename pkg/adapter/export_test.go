package adapter

// Draining says that a reload drains channels.
func (a *Adapter) Draining() bool {
	a.mu.RLock()
	defer a.mu.RUnlock()
	return a.hurry != nil
}
