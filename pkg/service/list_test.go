package service

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/adapterd/adapterd/pkg/component"
)

func add(key, value string) string {
	return `<add-metadata-service><metadata-element><key>` + key + `</key><value>` + value + `</value></metadata-element></add-metadata-service>`
}

func TestListTakesServicesInBothForms(t *testing.T) {
	for name, xml := range map[string]string{
		"in services": `<service-list><services>` + add("a", "1") + add("b", "%message{a}2") + `</services></service-list>`,
		"directly":    `<service-list>` + add("a", "1") + add("b", "%message{a}2") + `</service-list>`,
		"by class":    `<service-collection class="com.adaptris.core.ServiceList"><services>` + add("a", "1") + add("b", "%message{a}2") + `</services></service-collection>`,
	} {
		t.Run(name, func(t *testing.T) {
			s := decode[component.Service](t, strings.Replace(xml, "service-collection", "service-list", 2))
			m := newMessage("")
			if err := s.Apply(t.Context(), m); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(map[string]string{"a": "1", "b": "12"}, metadataOf(m)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestListMayBeEmpty(t *testing.T) {
	for _, xml := range []string{`<service-list/>`, `<service-list><services/></service-list>`} {
		s := decode[*List](t, xml)
		if err := errors.Join(s.Init(t.Context()), s.Start(t.Context()), s.Apply(t.Context(), newMessage("")), s.Stop(t.Context())); err != nil {
			t.Error(err)
		}
	}
}

func TestListRefusesMixedForms(t *testing.T) {
	_, problems := decodeWith(t, `<service-list><services>`+add("a", "1")+`</services>`+add("b", "2")+`</service-list>`, sharedParts{})
	if len(problems) != 1 || !strings.Contains(problems[0], "put all of them into <services>") {
		t.Error(problems)
	}
}

func TestListEndsAtTheFirstFailure(t *testing.T) {
	s := decode[*List](t, `<service-list>`+add("a", "1")+`<throw-exception-service><unique-id>th</unique-id><exception-generator class="configured-exception">
		<message>boom</message></exception-generator></throw-exception-service>`+add("b", "2")+`</service-list>`)
	m := newMessage("")
	if err := s.Apply(t.Context(), m); err == nil || err.Error() != "service th: boom" {
		t.Errorf("error is %v", err)
	}
	if diff := cmp.Diff([]string{"a"}, m.MetadataKeys()); diff != "" {
		t.Error(diff)
	}
}

// TestEveryServiceHonoursEnabledAndContinueOnFail decodes every service that can fail with both switches.
func TestEveryServiceHonoursEnabledAndContinueOnFail(t *testing.T) {
	for name, xml := range map[string]string{
		"add-metadata-service":              `<metadata-element><key>k</key><value>%message{nope}</value></metadata-element>`,
		"map-metadata-service":              `<metadata-key>there</metadata-key><metadata-key-map><key-value-pair><key>.*</key><value>%message{nope}</value></key-value-pair></metadata-key-map>`,
		"payload-from-template":             `<template>%message{nope}</template>`,
		"json-path-service":                 `<json-path-execution><source class="constant-data-input-parameter"><value>$.x</value></source><target class="metadata-data-output-parameter"><metadata-key>k</metadata-key></target></json-path-execution>`,
		"standalone-producer":               `<connection class="test-streams"/><producer class="aws-kinesis-synchronous-stream-producer"><stream>%message{nope}</stream><partition-key>k</partition-key></producer>`,
		"service-list":                      `<services><throw-exception-service><exception-generator class="configured-exception"/></throw-exception-service></services>`,
		"throw-exception-service":           `<exception-generator class="configured-exception"/>`,
		"if-then-otherwise":                 `<condition class="expression"><algorithm>%message{nope} == 1</algorithm></condition><then/>`,
		"add-timestamp-metadata-service":    `<metadata-key>k</metadata-key><date-format-builder><format>%message{nope}</format></date-format-builder>`,
		"advanced-message-splitter-service": `<splitter class="json-array-splitter"/><service class="null-service"/>`,
	} {
		t.Run(name, func(t *testing.T) {
			for _, c := range []struct {
				options string
				fails   bool
			}{{"", true}, {"<enabled>false</enabled>", false}, {"<continue-on-fail>true</continue-on-fail>", false}} {
				s := decode[component.Service](t, "<"+name+">"+xml+c.options+"</"+name+">")
				if err := component.Apply(t.Context(), s, newMessage("no JSON", "there", "x")); (err != nil) != c.fails {
					t.Errorf("with %q: error %v", c.options, err)
				}
			}
		})
	}
}

func TestListForwardsItsLifecycle(t *testing.T) {
	s := decode[*List](t, `<service-list><test-probe><name>one</name></test-probe><if-then-otherwise><condition class="never"/>
		<then><service class="test-probe"><name>two</name></service></then><otherwise><service class="test-probe"><name>three</name></service></otherwise></if-then-otherwise>
		<advanced-message-splitter-service><splitter class="json-array-splitter"/><service class="test-probe"><name>four</name></service></advanced-message-splitter-service></service-list>`)
	var phases []string
	probes := []*probe{}
	var find func(component.Service)
	find = func(s component.Service) {
		if p, ok := s.(*probe); ok {
			probes = append(probes, p)
			p.phases = &phases
		}
		if c, ok := s.(container); ok {
			for _, inner := range c.contained() {
				find(inner)
			}
		}
	}
	find(s)
	ctx := t.Context()
	if err := errors.Join(s.Init(ctx), s.Start(ctx), s.Stop(ctx), s.Stop(ctx)); err != nil {
		t.Fatal(err)
	}
	stop := "stop four,stop three,stop two,stop one"
	want := "init one,init two,init three,init four,start one,start two,start three,start four," + stop + "," + stop
	if got := strings.Join(phases, ","); got != want {
		t.Errorf("phases are %s", got)
	}

	phases, probes[1].fail = nil, "init"
	if err := s.Init(ctx); err == nil {
		t.Error("a failing init passes")
	}
	probes[1].fail, probes[3].fail = "stop", "stop"
	err := s.Stop(ctx)
	if err == nil || strings.Count(err.Error(), "stop fails") != 2 {
		t.Errorf("stop gives %v", err)
	}
	if got := strings.Join(phases, ","); got != "init one,init two,"+stop {
		t.Errorf("phases are %s", got)
	}
}

func TestNullChangesNothing(t *testing.T) {
	m := newMessage("x", "k", "v")
	if err := decode[*Null](t, `<null-service/>`).Apply(t.Context(), m); err != nil || string(m.Payload()) != "x" || len(m.MetadataKeys()) != 1 {
		t.Error("null-service does something")
	}
}
