package service

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // Windows and minimal containers have no time zones
)

// shortZones are the three-letter names that Java knows and the time zone database does not (ZoneId.SHORT_IDS).
var shortZones = map[string]string{
	"ACT": "Australia/Darwin", "AET": "Australia/Sydney", "AGT": "America/Argentina/Buenos_Aires", "ART": "Africa/Cairo",
	"AST": "America/Anchorage", "BET": "America/Sao_Paulo", "BST": "Asia/Dhaka", "CAT": "Africa/Harare", "CNT": "America/St_Johns",
	"CST": "America/Chicago", "CTT": "Asia/Shanghai", "EAT": "Africa/Addis_Ababa", "ECT": "Europe/Paris", "IET": "America/Indiana/Indianapolis",
	"IST": "Asia/Kolkata", "JST": "Asia/Tokyo", "MIT": "Pacific/Apia", "NET": "Asia/Yerevan", "NST": "Pacific/Auckland", "PLT": "Asia/Karachi",
	"PNT": "America/Phoenix", "PRT": "America/Puerto_Rico", "PST": "America/Los_Angeles", "SST": "Pacific/Guadalcanal", "VST": "Asia/Ho_Chi_Minh",
}

// javaZone is the time zone that Java's TimeZone.getTimeZone gives for an id, and an error where that silently gives GMT.
func javaZone(id string) (*time.Location, error) {
	id = strings.TrimSpace(id)
	unknown := fmt.Errorf("the time zone %q is not known; use a name such as UTC, Europe/Berlin or GMT+02:00", id)
	if id == "" {
		return time.Local, nil
	}
	if offset, ok := strings.CutPrefix(id, "GMT"); ok && offset != "" {
		seconds, ok := zoneOffset(offset)
		if !ok {
			return nil, unknown
		}
		return time.FixedZone(fmt.Sprintf("GMT%c%02d:%02d", offset[0], abs(seconds)/3600, abs(seconds)/60%60), seconds), nil
	}
	if long, ok := shortZones[id]; ok {
		id = long
	}
	l, err := time.LoadLocation(id)
	if err != nil || id == "Local" {
		return nil, unknown
	}
	return l, nil
}

// zoneOffset reads +h, +hh, +hmm, +hhmm, +h:mm or +hh:mm, with + or -.
func zoneOffset(s string) (seconds int, ok bool) {
	sign := 1
	switch s[0] {
	case '-':
		sign = -1
	case '+':
	default:
		return 0, false
	}
	hours, minutes, colon := strings.Cut(s[1:], ":")
	switch {
	case colon && len(minutes) != 2:
		return 0, false
	case !colon && len(hours) > 2:
		hours, minutes = hours[:len(hours)-2], hours[len(hours)-2:]
	}
	h, errH := strconv.ParseUint(hours, 10, 8)
	n := uint64(0)
	var errM error
	if minutes != "" {
		n, errM = strconv.ParseUint(minutes, 10, 8)
	}
	if errH != nil || errM != nil || len(hours) > 2 || h > 23 || n > 59 {
		return 0, false
	}
	return sign * int(h*3600+n*60), true
}

func abs(n int) int { return max(n, -n) }
