package otelsdk

import (
	"os"
	"strings"

	"go.uber.org/zap"
)

// The variables that are read here; the SDK and the exporters read the others.
const (
	sdkDisabled     = "OTEL_SDK_DISABLED"
	tracesExporter  = "OTEL_TRACES_EXPORTER"
	metricsExporter = "OTEL_METRICS_EXPORTER"
	logsExporter    = "OTEL_LOGS_EXPORTER"
	otlpProtocol    = "OTEL_EXPORTER_OTLP_PROTOCOL"
	otlpEndpoint    = "OTEL_EXPORTER_OTLP_ENDPOINT"
	configFile      = "OTEL_CONFIG_FILE"
)

// signal is what is asked for of traces or of metrics.
type signal struct {
	exporterVariable, protocolVariable, endpointVariable string
}

var (
	traces  = signal{tracesExporter, "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"}
	metrics = signal{metricsExporter, "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"}
)

// The values of the variables for exporters and protocols that are known.
const (
	exportOTLP    = "otlp"
	exportConsole = "console"
	exportNone    = "none"

	protocolHTTP = "http/protobuf"
	protocolJSON = "http/json"
	protocolGRPC = "grpc"
)

// exporter is the exporter that the environment asks for; exportNone if it asks for none, in which case what it cannot have is in the log. A
// signal is asked for by its exporter variable, or else by an endpoint for OTLP.
func (s signal) exporter(log *zap.Logger) string {
	asked := strings.ToLower(value(s.exporterVariable))
	switch asked {
	case exportOTLP, exportConsole, exportNone:
		return asked
	case "logging": // the older word
		return exportConsole
	case "":
		if value(otlpEndpoint) != "" || value(s.endpointVariable) != "" {
			return exportOTLP
		}
		return exportNone
	}
	log.Error("an exporter of OpenTelemetry is not known, so nothing of its kind is sent; use otlp, console or none",
		zap.String("variable", s.exporterVariable), zap.String("value", asked))
	return exportNone
}

// protocol is the protocol that OTLP is to use for the signal; empty, and an error in the log, if it is not known.
func (s signal) protocol(log *zap.Logger) string {
	variable := s.protocolVariable
	asked := value(variable)
	if asked == "" {
		variable = otlpProtocol
		asked = value(variable)
	}
	switch asked {
	case protocolJSON:
		if s == metrics { // their exporter has no JSON, and says nothing
			log.Warn("metrics can not be sent as http/json; they go as http/protobuf", zap.String("variable", variable))
			return protocolHTTP
		}
		return asked
	case protocolHTTP, protocolGRPC:
		return asked
	case "":
		return protocolHTTP
	}
	log.Error("a protocol of OTLP is not known, so nothing of its kind is sent; use http/protobuf, http/json or grpc",
		zap.String("variable", variable), zap.String("value", asked))
	return ""
}

// disabled says that everything is switched off.
func disabled() bool { return strings.EqualFold(value(sdkDisabled), "true") }

// value is a variable's; one that is empty is not set, as OpenTelemetry wants it.
func value(variable string) string { return strings.TrimSpace(os.Getenv(variable)) }

// unsupported tells the log of variables that would do something elsewhere.
func unsupported(log *zap.Logger) {
	if v := strings.ToLower(value(logsExporter)); v != "" && v != exportNone {
		log.Warn("logs are not sent to OpenTelemetry; collect them from standard error", zap.String("variable", logsExporter), zap.String("value", v))
	}
	if value(configFile) != "" {
		log.Warn("a configuration file of OpenTelemetry is not read; the other OTEL_ variables count", zap.String("variable", configFile))
	}
}

// Secrets are the values of the environment that authenticate to a collector, for who masks what is written: the headers, each whole and
// without the scheme before its credentials.
func Secrets() []string {
	var out []string
	for _, variable := range []string{"OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_TRACES_HEADERS", "OTEL_EXPORTER_OTLP_METRICS_HEADERS"} {
		for header := range strings.SplitSeq(value(variable), ",") {
			name, v, found := strings.Cut(header, "=")
			if !found { // all of it may be one
				v = name
			}
			for _, form := range []string{v, unescaped(v)} {
				if form = strings.TrimSpace(form); form == "" {
					continue
				}
				out = append(out, form)
				if _, credentials, ok := strings.Cut(form, " "); ok {
					out = append(out, strings.TrimSpace(credentials))
				}
			}
		}
	}
	return out
}
