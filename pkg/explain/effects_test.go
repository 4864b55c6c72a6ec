package explain

import (
	"testing"

	_ "github.com/adapterd/adapterd/pkg/adapter" // registers all components
	"github.com/adapterd/adapterd/pkg/component"
)

// Whoever adds a service says whether it may be run to explain a message. What is not said is not run, which is safe, but tells less.
func TestEveryServiceIsKnownToRunOrNot(t *testing.T) {
	services := 0
	for _, d := range component.Descriptions() {
		if d.Kind != component.KindService {
			continue
		}
		services++
		_, out := outside[d.Alias]
		if out == inside[d.Alias] {
			t.Errorf("%s must be in one of the lists of effects.go: inside if all that it changes is the message, else outside with the reason", d.Alias)
		}
	}
	if services < 10 {
		t.Errorf("only %d services are registered: this test shows nothing", services)
	}
}

func TestWhatIsInNoListIsNotRun(t *testing.T) {
	if effectOf(new(unlisted)) == "" {
		t.Error("a service that nobody has looked at would be run")
	}
}

type unlisted struct{ component.Service }
