package connection

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/adapterd/adapterd/pkg/component"
)

// Endpoint is what <custom-endpoint> takes.
type Endpoint interface {
	// endpoint is the URL of the service and the region to sign for; both are empty for the service of the connection's region. scheme is
	// that of a service-endpoint without one.
	endpoint(scheme string) (url, region string)
}

// CustomEndpoint is a service that is not where AWS has it: a test server, a private link. It counts only when both fields are given.
type CustomEndpoint struct {
	ServiceEndpoint string `xml:"service-endpoint" example:"https://localhost:4566" doc:"host, host:port or URL of the service"`
	SigningRegion   string `xml:"signing-region" example:"us-east-1" doc:"region to sign requests for"`
}

// Check warns of half an endpoint, which Interlok ignores without a word, and refuses what is none.
func (e *CustomEndpoint) Check(r *component.Report) {
	service, region := strings.TrimSpace(e.ServiceEndpoint), strings.TrimSpace(e.SigningRegion)
	if service == "" || region == "" {
		missing := "service-endpoint"
		if service != "" {
			missing = "signing-region"
		}
		r.Warnf("", "without-effect", "has no <%s>, so it does not count, and the service of the connection's region is used; give both elements, or remove it", missing)
		return
	}
	if problem := endpointProblem(service); problem != "" {
		r.Errorf("service-endpoint", "bad-value", "is no endpoint: %s; give a host, host:port or URL such as https://localhost:4566", problem)
	}
}

func (e *CustomEndpoint) endpoint(scheme string) (string, string) {
	service, region := strings.TrimSpace(e.ServiceEndpoint), strings.TrimSpace(e.SigningRegion)
	if service == "" || region == "" || endpointProblem(service) != "" {
		return "", ""
	}
	if !strings.Contains(service, "://") {
		service = scheme + "://" + service
	}
	return strings.TrimSuffix(service, "/"), region
}

// endpointProblem says what is wrong with an endpoint; empty: nothing. It never repeats the endpoint, which may hold a password.
func endpointProblem(service string) string {
	if !strings.Contains(service, "://") {
		service = schemeHTTPS + "://" + service
	}
	u, err := url.Parse(service)
	switch {
	case err != nil:
		return "it can not be read"
	case u.Scheme != schemeHTTP && u.Scheme != schemeHTTPS:
		return "its scheme is " + u.Scheme + ", not http or https"
	case u.User != nil:
		return "it has user or password"
	case u.Hostname() == "":
		return "it has no host"
	case u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "":
		return "it has a path, query or fragment"
	}
	if port := u.Port(); port != "" {
		if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
			return "its port is not from 1 to 65535"
		}
	}
	return ""
}

func init() {
	component.Register[CustomEndpoint]("aws-custom-endpoint", "com.adaptris.aws.CustomEndpoint", component.KindPart,
		"a service of AWS that is not where the region has it")
}
