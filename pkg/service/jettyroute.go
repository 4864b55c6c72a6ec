package service

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

// Metadata of a request, which jetty-message-consumer sets (Interlok: JettyConstants.JETTY_URI and CoreConstants.HTTP_METHOD).
const (
	metadataRequestURI    = "jettyURI"
	metadataRequestMethod = "httpmethod"
)

// RouteCondition holds for requests of a path and method, and makes metadata of parts of the path. Interlok: JettyRouteCondition.
type RouteCondition struct {
	conditionBase
	URLPattern   string   `xml:"url-pattern,required" example:"/orders/([0-9]+)" doc:"regular expression for the whole path of the request"`
	Method       string   `xml:"method" doc:"HTTP method of the request, in any case; every one without it"`
	MetadataKeys []string `xml:"metadata-key,implicit" doc:"keys of the metadata that get the groups of the pattern, in order"`

	pattern *regexp.Regexp
}

// Check compiles the pattern.
func (c *RouteCondition) Check(r *component.Report) {
	var err error
	if c.pattern, err = compilePattern(c.URLPattern); err != nil {
		r.Errorf("url-pattern", "bad-value", ": %v", err)
		return
	}
	if groups := c.pattern.NumSubexp(); groups > len(c.MetadataKeys) {
		r.Errorf("url-pattern", "missing-element", "has %d groups, but there are only %d <metadata-key> for them; name one for each, or write a group as (?:…)", groups, len(c.MetadataKeys))
	}
}

// Evaluate implements component.Condition. When it holds, m has the metadata.
func (c *RouteCondition) Evaluate(ctx context.Context, m *message.Message) (bool, error) {
	uri, there := m.Metadata(metadataRequestURI)
	if !there {
		return false, errors.New("the message has no metadata " + metadataRequestURI + "; only a jetty-message-consumer makes messages that have one")
	}
	method, _ := m.Metadata(metadataRequestMethod)
	holds := false
	if strings.TrimSpace(c.Method) == "" || strings.EqualFold(c.Method, method) {
		if at := c.pattern.FindStringSubmatchIndex(uri); at != nil {
			holds = true
			for group := range c.pattern.NumSubexp() {
				value := ""
				if start := at[2*group+2]; start >= 0 { // else the group took no part
					value = uri[start:at[2*group+3]]
				}
				m.SetMetadata(c.MetadataKeys[group], value)
			}
		}
	}
	return c.logs(ctx, m, "jetty-route-condition "+c.URLPattern, holds), nil
}

// Routing chooses the next service by the path and method of the request. Interlok: JettyRoutingService.
type Routing struct {
	Branching
	Routes           []*Route `xml:"route,implicit" doc:"the routes, in the order in which they are tried"`
	DefaultServiceID string   `xml:"default-service-id" doc:"unique-id of the service for requests without a route; without it the collection ends"`
}

// Route is where requests of a path go. Interlok: JettyRouteSpec.
type Route struct {
	ServiceID string          `xml:"service-id,required" doc:"unique-id of the service to go on with"`
	Condition *RouteCondition `xml:"condition,required" doc:"which requests"`
}

// Apply chooses the next service.
func (s *Routing) Apply(ctx context.Context, m *message.Message) error {
	for i, route := range s.Routes {
		holds, err := route.Condition.Evaluate(ctx, m)
		if err != nil {
			return fmt.Errorf("jetty-routing-service: <condition> of route %d: %w", i+1, err)
		}
		if holds {
			branchTo(m, route.ServiceID)
			return nil
		}
	}
	branchTo(m, s.DefaultServiceID)
	return nil
}

func (s *Routing) branches() ([]string, bool) {
	ids := []string{s.DefaultServiceID}
	for _, r := range s.Routes {
		ids = append(ids, r.ServiceID)
	}
	return ids, true
}

func init() {
	const pkg = "com.adaptris.core.http.jetty."
	component.Register[RouteCondition]("jetty-route-condition", pkg+"JettyRouteCondition", component.KindCondition, "holds for requests of a path and method")
	component.Register[Routing]("jetty-routing-service", pkg+"JettyRoutingService", component.KindService, "chooses the next service by the path and method of the request")
	component.Register[Route]("jetty-route-spec", pkg+"JettyRouteSpec", component.KindPart, "where requests of a path and method go")
}
