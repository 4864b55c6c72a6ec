package kpl

import (
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
)

// defaultPort is the KPL's for endpoints and proxies, and that of https.
const defaultPort = 443

// endpointProblem says what is wrong with an endpoint; empty: nothing. Besides the KPL's form, a host name or IPv4 address, it may be a
// URL of scheme http or https.
func endpointProblem(s string) string {
	if hostPattern.MatchString(s) {
		return ""
	}
	if !strings.Contains(s, "://") {
		if host, port, err := net.SplitHostPort(s); err == nil && hostPattern.MatchString(host) && allDigits(port) {
			return "a port stands by itself"
		}
		return "it is neither a host nor a URL"
	}
	u, err := url.Parse(s)
	if err != nil {
		return "the URL cannot be read"
	}
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return fmt.Sprintf("the scheme %s is not http or https", u.Scheme)
	case u.User != nil:
		return "a URL with user or password is not taken"
	case u.Hostname() == "":
		return "the URL has no host"
	case u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || strings.HasSuffix(s, "#"):
		return "a URL with path, query or fragment is not taken"
	}
	if port := u.Port(); port != "" {
		if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
			return "the port of the URL is not from 1 to 65535"
		}
	}
	return ""
}

// portOf is the port that an endpoint names itself, or empty.
func portOf(endpoint string) string {
	if !strings.Contains(endpoint, "://") {
		return ""
	}
	u, err := url.Parse(endpoint)
	if err != nil {
		return ""
	}
	return u.Port()
}

// endpointURL is the URL for an endpoint and its port, or empty for that of the region. An http URL without port takes the port given
// if that is not the default of 443, else 80.
func endpointURL(endpoint string, port int) string {
	if endpoint == "" {
		return ""
	}
	if !strings.Contains(endpoint, "://") {
		return "https://" + net.JoinHostPort(endpoint, strconv.Itoa(port))
	}
	u, err := url.Parse(endpoint)
	if err != nil {
		return endpoint // refused by Validate before
	}
	if u.Port() == "" {
		if u.Scheme == "http" && port == defaultPort {
			port = 80
		}
		u.Host = net.JoinHostPort(u.Hostname(), strconv.Itoa(port))
	}
	u.Path = ""
	return u.String()
}
