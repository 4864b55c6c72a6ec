package connection

import (
	"context"

	"github.com/adapterd/adapterd/pkg/kpl"
)

// Configuration is what the connection would make its engine of, as far as the document says it: without credentials and logger. It is
// false for a configuration that is not valid.
func (k *kinesis) Configuration() (kpl.Config, bool) { return k.config, k.valid }

// EngineConfiguration is Configuration with the credentials and the logger that the engine gets; to find the credentials may touch
// files and the network. It is for those who ask the service what the engine would meet.
func (k *kinesis) EngineConfiguration(ctx context.Context) (kpl.Config, error) {
	if !k.valid {
		return kpl.Config{}, k.errorf("its configuration was not checked or is not valid")
	}
	config, err := k.engineConfig(ctx)
	if err != nil {
		return kpl.Config{}, k.errorf("%w", err)
	}
	return config, nil
}
