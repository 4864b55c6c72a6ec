package connection

import (
	"strconv"
	"strings"
	"time"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/document"
	"github.com/adapterd/adapterd/pkg/kpl"
)

// The defaults of the AWS SDK that Interlok uses (com.amazonaws.ClientConfiguration), which counts its socket timeout anew with each byte;
// here it bounds the whole request.
const (
	defaultConnectTimeout = 10 * time.Second
	defaultSocketTimeout  = 50 * time.Second
	defaultConnections    = 50
	defaultUserAgent      = "adapterd"

	schemeHTTP, schemeHTTPS = "http", "https"
)

// settingsWithoutEffect are keys of a client configuration that change nothing for the user here.
var settingsWithoutEffect = []string{
	"connectionttl", "gzip", "preemptivebasicproxyauth", "responsemetadatacachesize", "reaper", "socketbuffersizehints", "tcpkeepalive",
}

// settingsRefused are keys that would be wrong to ignore, and what to do instead.
var settingsRefused = map[string]string{
	"localaddress": "remove it, and let the system's routes choose the address", "signeroverride": "remove it: requests are signed as the service asks",
	"proxydomain": "remove it, or use a proxy that asks for no NTLM", "proxyworkstation": "remove it, or use a proxy that asks for no NTLM",
}

// settingsReader reads key-value pairs of a client configuration (Interlok: ClientConfigurationBuilder).
type settingsReader struct {
	r   *component.Report
	out awsSettings
	ok  bool
	// request is RequestTimeout, a bound beside SocketTimeout.
	request time.Duration
}

// readSettings reads a client configuration and reports what is wrong with it, each at its pair. Keys are not case-sensitive.
func readSettings(r *component.Report, pairs []component.KeyValue) (awsSettings, bool) {
	s := &settingsReader{r: r, ok: true, out: awsSettings{config: kpl.DefaultConfig(), scheme: schemeHTTPS, userAgent: defaultUserAgent, maxErrorRetry: -1}}
	config := &s.out.config
	config.ConnectTimeout, config.RequestTimeout, config.MaxConnections = defaultConnectTimeout, defaultSocketTimeout, defaultConnections
	for _, p := range pairs {
		s.read(p)
	}
	if s.request > 0 && (config.RequestTimeout == 0 || s.request < config.RequestTimeout) {
		config.RequestTimeout = s.request
	}
	return s.out, s.ok
}

func (s *settingsReader) read(p component.KeyValue) {
	config := &s.out.config
	value := strings.TrimSpace(p.Value)
	key := strings.ToLower(strings.TrimSpace(p.Key))
	switch key {
	case "connectiontimeout":
		config.ConnectTimeout = s.milliseconds(p)
	case "sockettimeout":
		config.RequestTimeout = s.milliseconds(p)
	case "requesttimeout":
		s.request = s.milliseconds(p)
	case "maxconnections":
		config.MaxConnections = s.number(p, 1, 10000)
	case "maxerrorretry":
		s.out.maxErrorRetry = s.number(p, 0, 1000)
	case "protocol":
		if s.out.scheme = strings.ToLower(value); s.out.scheme != schemeHTTP && s.out.scheme != schemeHTTPS {
			s.fault(p, "is "+strconv.Quote(value)+"; it takes HTTP or HTTPS")
		}
	case "proxyhost":
		config.ProxyHost = value
	case "proxyport":
		if value != "" { // Interlok: blank counts as not given
			config.ProxyPort = s.number(p, 1, 65535)
		}
	case "proxyusername":
		config.ProxyUserName = value
	case "proxypassword":
		secret, err := document.DecodeSecret(p.Value, s.r.Env().Lookup)
		if err != nil {
			s.fault(p, "can not be read: "+err.Error())
		}
		config.ProxyPassword = secret.Reveal()
	case "useragent":
		if value != "" {
			s.out.userAgent = value
		}
	default:
		s.unused(p, key, value)
	}
}

// unused says what becomes of a key that is not read.
func (s *settingsReader) unused(p component.KeyValue, key, value string) {
	if remedy := settingsRefused[key]; remedy != "" {
		if value != "" {
			s.fault(p, "is known to Interlok, not supported here; "+remedy)
		}
		return
	}
	where, _ := positionOf(p.Pos)
	severity := document.SeverityWarning
	for _, known := range settingsWithoutEffect {
		if key == known {
			severity = document.SeverityNote
		}
	}
	s.r.At(severity, "without-effect", where, "<client-configuration> of %s: %s is accepted, without effect", s.r.Alias(), p.Key)
}

func (s *settingsReader) milliseconds(p component.KeyValue) time.Duration {
	return time.Duration(s.number(p, 0, 1<<31-1)) * time.Millisecond
}

func (s *settingsReader) number(p component.KeyValue, low, high int) int {
	n, err := strconv.Atoi(strings.TrimSpace(p.Value))
	if err != nil || n < low || n > high {
		s.fault(p, "is "+strconv.Quote(p.Value)+"; it takes a whole number from "+strconv.Itoa(low)+" to "+strconv.Itoa(high))
		return low
	}
	return n
}

func (s *settingsReader) fault(p component.KeyValue, text string) {
	s.ok = false
	where, _ := positionOf(p.Pos)
	s.r.At(document.SeverityError, "bad-value", where, "<client-configuration> of %s: %s %s", s.r.Alias(), p.Key, text)
}
