package component

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

type inShard string

func (s inShard) Error() string { return "refused by " + string(s) }

func (s inShard) LogFields() []zap.Field {
	return []zap.Field{zap.String("shard", string(s)), zap.String("error", "never this one")}
}

func TestErrorFieldsTellOfEveryErrorInTheTree(t *testing.T) {
	for _, c := range []struct {
		name string
		err  error
		want map[string]any
	}{
		{"none", nil, map[string]any{}},
		{"plain", errors.New("refused"), map[string]any{"error": "refused"}},
		{"wrapped", fmt.Errorf("produce: %w", inShard("a")), map[string]any{"error": "produce: refused by a", "shard": "a"}},
		{"of many", fmt.Errorf("%w (the error handler failed too: %w)", errors.New("x"), errors.Join(inShard("a"), inShard("b"))),
			map[string]any{"error": "x (the error handler failed too: refused by a\nrefused by b)", "shard": "a"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			to := zapcore.NewMapObjectEncoder()
			for _, f := range ErrorFields(c.err) {
				f.AddTo(to)
			}
			if diff := cmp.Diff(c.want, to.Fields); diff != "" {
				t.Error(diff)
			}
		})
	}
}
