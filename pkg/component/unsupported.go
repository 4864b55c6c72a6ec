package component

import "strings"

// whyNot are the reasons for which a component of Interlok is not supported here, by its alias or by the beginning of its class, the longest
// first that fits.
var whyNot = map[string]string{
	"add-payload-service":                     "a message has one payload here",
	"switch-payload-service":                  "a message has one payload here",
	"for-each-payload":                        "a message has one payload here",
	"multi-payload-splitter":                  "a message has one payload here",
	"multi-payload-xml-transform-service":     "a message has one payload here",
	"system-command-executor":                 "a document should not run commands on the machine",
	"dynamic-service-executor":                "a message should not bring the configuration that handles it",
	"default-failed-message-retrier":          "a file of a failed message does not say which workflow it came from; retry-message-error-handler sends messages again, and a channel with an fs-consumer takes up failed files",
	"jetty-no-backlog-interceptor":            "requests wait for their turn",
	"jetty-async-workflow-interceptor":        "a request is answered with the outcome of its own message, not of another workflow",
	"jms-transacted-workflow":                 "it needs a JMS broker",
	"standalone-requestor":                    "no producer here answers",
	"request-reply-workflow":                  "no producer here answers",
	"jetty-https-connection":                  "it needs Java keystores; let a proxy in front of the HTTP consumer speak TLS",
	"mime-part-splitter":                      "messages have no MIME parts here",
	"get-oauth-token":                         "it needs an authorization server; let http-request-service or the environment bring the token",
	"com.adaptris.core.jms.":                  "it needs a JMS broker",
	"com.adaptris.aws.sqs.jms.":               "it needs a JMS broker",
	"com.adaptris.core.services.jdbc.":        "it needs a database",
	"com.adaptris.core.json.jdbc.":            "it needs a database",
	"com.adaptris.core.jdbc.":                 "it needs a database",
	"com.adaptris.jdbc.":                      "it needs a database",
	"com.adaptris.core.ftp.":                  "it needs an FTP or SFTP server",
	"com.adaptris.sftp.":                      "it needs an FTP or SFTP server",
	"com.adaptris.aws2.s3.":                   "of the services of AWS only Kinesis, CloudWatch and SQS are spoken to",
	"com.adaptris.aws.kms.":                   "of the services of AWS only Kinesis, CloudWatch and SQS are spoken to",
	"com.adaptris.aws.sns.":                   "of the services of AWS only Kinesis, CloudWatch and SQS are spoken to",
	"com.adaptris.core.jmx.":                  "there is no JVM to manage",
	"com.adaptris.core.services.jmx.":         "there is no JVM to manage",
	"com.adaptris.core.runtime.":              "there is no JVM to manage",
	"com.adaptris.core.event.":                "there are no events",
	"com.adaptris.core.security.":             "it needs Java keystores",
	"com.adaptris.security.":                  "it needs Java keystores",
	"com.adaptris.core.services.path.":        "it needs Java keystores",
	"com.adaptris.core.services.mime.":        "messages have no MIME parts here",
	"com.adaptris.util.text.mime.":            "messages have no MIME parts here",
	"com.adaptris.core.services.transcoding.": "messages have no MIME parts here",
	"com.adaptris.core.json.jslt.":            "there is no well-kept JSLT in Go; json-jq-transform or json-path-service may do",
	"com.adaptris.core.transform.schema.":     "there is no well-kept XML Schema in pure Go",
	"com.adaptris.transform.validate.":        "there is no well-kept XML Schema in pure Go",
	"com.adaptris.core.transform.":            "there is no well-kept XSLT in pure Go",
	"com.adaptris.core.http.jetty.retry.":     "failed messages are worked on in their directory",
	"com.adaptris.core.lms.":                  "a message is held in memory here; large files are split as they are read",
	"com.adaptris.core.services.system.":      "a document should not run commands on the machine",
	"com.adaptris.core.services.dynamic.":     "a message should not bring the configuration that handles it",
	"com.adaptris.core.http.oauth.":           "it needs an authorization server; let http-request-service or the environment bring the token",
}

// Supported says whether documents may name the component.
func (e CatalogEntry) Supported() bool {
	return registry.byAlias[e.Alias] != nil || registry.byClass[e.Class] != nil
}

// unsupported says that a component is known and not supported, and why if there is a reason.
func (e CatalogEntry) unsupported() string {
	words := e.Alias + " (" + e.Class + ", module " + e.Module + ") is known to Interlok, not supported here"
	if why := e.WhyNot(); why != "" {
		words += ", because " + why
	}
	return words
}

// WhyNot says why a component of Interlok's catalog is not supported here; empty if it is, or if it only has not been built.
func (e CatalogEntry) WhyNot() string {
	if e.Supported() {
		return ""
	}
	if why, ok := whyNot[e.Alias]; ok {
		return why
	}
	longest, why := 0, ""
	for prefix, reason := range whyNot {
		if len(prefix) > longest && strings.Contains(prefix, ".") && strings.HasPrefix(e.Class, prefix) {
			longest, why = len(prefix), reason
		}
	}
	return why
}
