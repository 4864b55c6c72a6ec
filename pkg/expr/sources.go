package expr

// Sources is where Compile looks up what belongs to the process. A nil function knows no name. Both must be safe for concurrent use if
// Compile is called concurrently.
type Sources struct {
	// Env answers %env{NAME}; os.LookupEnv fits.
	Env func(name string) (string, bool)
	// SystemProperty answers %sysprop{name}: the sysprop.* keys of bootstrap.properties.
	SystemProperty func(name string) (string, bool)
}
