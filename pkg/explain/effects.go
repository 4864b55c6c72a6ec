package explain

import (
	"strings"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/document"
)

// effectOf says why a service is not run: what it does besides changing the message. Empty: nothing. What is in neither list is not run
// either.
func effectOf(s component.Service) string {
	alias := component.AliasOf(s)
	if why, ok := outside[alias]; ok {
		return why
	}
	if inside[alias] {
		return ""
	}
	return "nobody has said that it changes nothing but the message"
}

// fileOutput is the alias of the place for results that is a file. Many services take it.
const fileOutput = "file-data-output-parameter"

// writersOf are the services of a document that replace a file with a result, whatever else they do. They are not run whole: some take
// hold of their outputs when they are read, so that none can be put in place of it. A service inside which another one writes runs.
func writersOf(components []component.Decoded) map[component.Component]bool {
	services := make(map[*document.Node]component.Component)
	for _, d := range components {
		if s, ok := d.Component.(component.Service); ok {
			services[d.Node] = s
		}
	}
	out := make(map[component.Component]bool)
	for _, d := range components {
		if d.Alias != fileOutput {
			continue
		}
		for n := d.Node.Parent; n != nil; n = n.Parent {
			if s := services[n]; s != nil {
				out[s] = true
				break
			}
		}
	}
	return out
}

// outside are the services that are not run, and why.
var outside = listed(map[string]string{
	"it keeps state that outlives the message": `add-single-value-to-cache add-to-cache clear-cache-service remove-from-cache
		remove-key-from-cache check-unique-metadata-value-service simple-sequence-number-service`,
	"it reads a cache that is empty here": `check-cache check-cache-and-retrieve get-single-value-from-cache retrieve-from-cache`,
	"it consumes from another source":     `aggregating-fs-consume-service aggregating-ftp-consume-service aggregating-jms-consume-service`,
	"it asks an AWS service": `aws-kms-decrypt-data aws-kms-encrypt-data aws-kms-generate-signature aws-kms-verify-signature
		aws2-amazon-s3-service aws2-s3-bucket-list`,
	"it sends a request to a server": `branching-http-request-service http-request-service get-and-cache-oauth-token get-oauth-token
		standalone-requestor`,
	"it uses a database": `jdbc-batching-data-capture-service jdbc-data-capture-service jdbc-data-query-service jdbc-metadata-sequence-number-service
		jdbc-raw-data-capture-service jdbc-sequence-number-service jdbc-service-list json-array-jdbc-batch-insert
		json-array-jdbc-insert json-array-jdbc-upsert json-jdbc-insert json-jdbc-upsert`,
	"it answers the request that the message came from": `jetty-commit-response jetty-response-service jetty-routing-service`,
	"it calls a JMX server":                             `jmx-dynamic-operation-service jmx-operation-call-service jmx-wait-service`,
	"it changes files": `duplicate-message-routing-service store-metadata-value-service write-metadata-to-filesystem retry-message-service retry-store-delete-service retry-store-list-service
		retry-store-write-message store-message-for-retry-service`,
	"it tells the source that the message is done": `acknowledge-message-service`,
	"it runs a command of the system":              `system-command-executor`,
	"it waits":                                     `wait-service`,
	"it runs a service that is not known before":   `dynamic-service-executor dynamic-shared-service`,
	"it sends again after waiting":                 `retry-once-standalone-producer`,
})

// inside are the services that change nothing but the message, those that hold others included: these are looked at one by one. Files
// may be read.
var inside = set(`
	add-extended-logging-context-service add-formatted-metadata-service add-logging-context-service add-metadata-service
	add-namespace-object-metadata add-payload-service add-timestamp-metadata-service advanced-message-splitter-service always-fail-service
	base64-decode-service base64-encode-service basic-message-splitter-service branching-service-collection branching-service-enabler
	change-char-encoding-service check-metadata-value-service clear-exception-service clear-logging-context-service
	clone-message-service-list convert-object-metadata-service copy-metadata-service create-query-string-from-metadata decoding-service
	decryption-service do-while encoding-service encrypt-and-sign-service encrypt-only-service
	exception-handling-service-wrapper exception-report-service extract-metadata-from-metadata find-and-replace-service flatten-mime-parts
	for-each-json-array-element-service for-each-payload generate-unique-metadata-value-service gunzip-service gzip-service
	hex-to-string-metadata-service if-then-otherwise input-output-service jslt-metadata-service jslt-transform-service
	json-array-to-lines-transform json-jq-transform json-lines-to-array-transform json-patch-apply json-patch-generate-diff
	json-path-service json-path-streaming-service json-schema-service json-to-metadata json-transform-service json-xml-transform-service
	jwt-creator jwt-decode jwt-encode log-message-service logging-service map-metadata-service metadata-appender-service
	metadata-base64-decode metadata-base64-encode metadata-comparison-service metadata-exists-branching-service metadata-filter-service
	metadata-hashing-service metadata-key-to-capital-case metadata-key-to-lower-case metadata-key-to-upper-case metadata-to-json-service
	metadata-to-payload metadata-value-branching-service metadata-value-escape-double-quote metadata-value-escape-single-quote
	metadata-value-to-lower-case metadata-value-to-upper-case mime-part-selector-service mime-part-selector-service-to-metadata
	multi-payload-xml-transform-service multipart-message-builder null-service payload-from-template payload-hashing-service
	payload-path-decryption-service payload-path-encryption-service payload-to-metadata pooled-split-join-service
	pooling-message-splitter-service read-file-service read-metadata-from-filesystem reformat-date-service regexp-metadata-service
	regexp-service remove-logging-context-service replace-metadata-value resolve-expression-service retrying-service-wrapper service-list
	shared-service signing-service size-based-branching-service standalone-producer stateless-service-wrapper stop-processing-service
	string-to-hex-metadata-service switch switch-payload-service symmetric-key-cryptography-service
	syntax-branching-service syntax-routing-service throw-exception-service trim-metadata-service url-decode-metadata-service
	url-encode-metadata-service use-xml-charset-as-encoding utf8-bom-remover validate-metadata-service verify-identity-service
	verify-is-json while www-url-form-encoded-payload-from-metadata www-url-form-encoded-payload-to-metadata xml-transform-service
	xml-validation-service xpath-metadata-service xpath-object-metadata-service xpath-service yaml-to-json`)

func listed(byReason map[string]string) map[string]string {
	out := make(map[string]string)
	for why, names := range byReason {
		for _, name := range strings.Fields(names) {
			out[name] = why
		}
	}
	return out
}

func set(names string) map[string]bool {
	out := make(map[string]bool)
	for _, name := range strings.Fields(names) {
		out[name] = true
	}
	return out
}
