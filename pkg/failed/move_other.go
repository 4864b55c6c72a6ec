//go:build !darwin && !linux && !windows

package failed

import "errors"

// moveNew is not to be had here.
func moveNew(_, _ string) error { return errors.ErrUnsupported }
