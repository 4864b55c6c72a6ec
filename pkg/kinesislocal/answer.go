package kinesislocal

import (
	"net/http"
	"strconv"
)

// begin opens the object of a result.
func (c *call) begin() {
	if c.format != formatXML {
		c.out.object()
		return
	}
	c.out.key(c.operation + "Response")
	c.out.object()
	c.out.key(c.operation + "Result")
	c.out.object()
}

func (c *call) end() {
	c.out.endObject()
	if c.format == formatXML {
		c.out.key("ResponseMetadata")
		c.out.object()
		c.out.key("RequestId")
		c.out.str(c.log.ID)
		c.out.endObject()
		c.out.endObject()
	}
}

// fail writes an error in place of a result.
func (c *call) fail(err *apiError) {
	c.out = encoder{format: c.format}
	if err.noBody {
		c.out.buf = []byte(err.message)
		return
	}
	c.out.key("ErrorResponse")
	if c.format != formatXML {
		c.out.buf = nil
	}
	c.out.object()
	if c.format != formatXML {
		c.out.key("__type")
		c.out.str(err.code)
		c.out.key("message")
		c.out.str(err.message)
		c.out.endObject()
		return
	}
	c.out.key("Error")
	c.out.object()
	c.out.key("Type")
	c.out.str(err.fault())
	c.out.key("Code")
	c.out.str(err.codeInQuery())
	c.out.key("Message")
	c.out.str(err.message)
	c.out.endObject()
	c.out.key("RequestId")
	c.out.str(c.log.ID)
	c.out.endObject()
}

// fault is whose fault an error is.
func (err *apiError) fault() string {
	if err.status >= http.StatusInternalServerError {
		return "Receiver"
	}
	return "Sender"
}

func (err *apiError) codeInQuery() string {
	if err.queryCode != "" {
		return err.queryCode
	}
	return err.code
}

// answer logs the request and writes its answer, or cuts the connection.
func (c *call) answer(w http.ResponseWriter, r *http.Request, err *apiError) {
	status := http.StatusOK
	if err != nil {
		status = err.status
		c.fail(err)
		c.log.Code = err.code
	} else if c.effects.cut != CutBefore {
		c.end()
	}
	body := c.out.buf
	full := len(body)
	cut := c.effects.cut != CutNever
	switch c.effects.answer {
	case AnswerEmpty:
		status, body, full = http.StatusOK, nil, 0
	case AnswerMalformed:
		status, body = http.StatusOK, body[:full/2]
		full = len(body)
	case AnswerTruncated:
		body = body[:full/2]
	}

	c.log.Service, c.log.Operation, c.log.Stream = c.service, c.operation, c.stream
	c.log.Protocol, c.log.Status = protocolNames[c.format], status
	if cut {
		c.log.Status, c.log.Code = 0, ""
	}
	c.s.requests.add(c.log)
	c.s.seen.signal()
	if cut {
		panic(http.ErrAbortHandler)
	}

	h := w.Header()
	h.Set("X-Amzn-Requestid", c.log.ID)
	h.Set("Content-Length", strconv.Itoa(full))
	switch c.format {
	case formatJSON:
		version := "application/x-amz-json-1.1"
		if c.service == serviceCloudWatch {
			version = "application/x-amz-json-1.0"
		}
		h.Set("Content-Type", version)
	case formatCBOR11:
		h.Set("Content-Type", "application/x-amz-cbor-1.1")
	case formatRPCv2CBOR:
		h.Set("Content-Type", "application/cbor")
		h.Set("Smithy-Protocol", "rpc-v2-cbor")
	case formatXML:
		h.Set("Content-Type", "text/xml")
	}
	if err != nil && err.code != "" {
		h.Set("X-Amzn-Errortype", err.code)
		if c.service == serviceCloudWatch {
			h.Set("X-Amzn-Query-Error", err.codeInQuery()+";"+err.fault())
		}
	}
	w.WriteHeader(status)
	if len(body) > 0 {
		// A client that has gone has no use for the error.
		_, _ = w.Write(body)
	}
	if len(body) < full {
		if f, ok := w.(http.Flusher); ok {
			f.Flush()
		}
		panic(http.ErrAbortHandler)
	}
}
