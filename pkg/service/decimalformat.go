package service

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// decimalFormat is a pattern of Java's DecimalFormat, for whole numbers.
type decimalFormat struct {
	before, after string
	digits        int // at least so many
	group         int // a comma after so many digits; 0 for none
	fraction      int // zeros after the point
}

// numberPattern is text, optional digits, digits, an optional fraction, and text.
var numberPattern = regexp.MustCompile(`^([^#0,.]*)([#,]*)([0,]*)(?:\.(0*)(#*))?([^#0,.]*)$`)

// parseDecimalFormat reads a pattern, and refuses those that do something else than whole numbers need.
func parseDecimalFormat(pattern string) (*decimalFormat, error) {
	if strings.ContainsAny(pattern, "%‰E;'¤") {
		return nil, errors.New("percent, exponent, quotes, currency and a pattern for negative numbers are not supported; use # 0 , . and text such as N-00000")
	}
	p := numberPattern.FindStringSubmatch(pattern)
	if p == nil || p[2]+p[3] == "" {
		return nil, errors.New("it is no pattern of a number; write one such as 00000")
	}
	f := &decimalFormat{before: p[1], after: p[6], digits: strings.Count(p[3], "0"), fraction: len(p[4])}
	whole := p[2] + p[3]
	if comma := strings.LastIndexByte(whole, ','); comma >= 0 {
		if f.group = len(whole) - comma - 1; f.group == 0 {
			return nil, errors.New("it has no digit after its last comma")
		}
	}
	if len(pattern) > maxFormattedWidth {
		return nil, fmt.Errorf("it has %d characters; %d are allowed", len(pattern), maxFormattedWidth)
	}
	return f, nil
}

func (f *decimalFormat) write(n int64) string {
	digits, sign := strconv.FormatInt(n, 10), ""
	if n < 0 {
		digits, sign = digits[1:], "-"
	}
	if digits == "0" && f.digits == 0 && f.fraction > 0 {
		digits = "" // Java writes .00 for it
	}
	digits = strings.Repeat("0", max(0, f.digits-len(digits))) + digits
	if f.group > 0 {
		for at := len(digits) - f.group; at > 0; at -= f.group {
			digits = digits[:at] + "," + digits[at:]
		}
	}
	if f.fraction > 0 {
		digits += "." + strings.Repeat("0", f.fraction)
	}
	return sign + f.before + digits + f.after
}
