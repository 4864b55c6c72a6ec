package admin

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"

	"go.uber.org/zap"
)

// mostBodyBytes bounds a request's body; the largest that is any use has a few dozen.
const mostBodyBytes = 4 << 10

// takeBody reads the whole body, so that a handler knows that the request is complete.
func takeBody(w http.ResponseWriter, r *http.Request) (io.ReadCloser, error) {
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, mostBodyBytes))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return nil, refuse(http.StatusRequestEntityTooLarge, fmt.Sprintf("the body has more than %d bytes", mostBodyBytes))
	case err != nil:
		return nil, refuse(http.StatusBadRequest, "the body can not be read to its end")
	}
	return io.NopCloser(bytes.NewReader(text)), nil
}

// decode reads the body as JSON into v, strictly.
func decode(r *http.Request, v any) error {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return refuse(http.StatusUnsupportedMediaType, "the body must be JSON, with Content-Type: application/json")
	}
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return refuse(http.StatusBadRequest, "the body is not the JSON that is wanted: "+short(err.Error()))
	}
	if d.More() {
		return refuse(http.StatusBadRequest, "the body has more than one JSON value")
	}
	return nil
}

// noBody refuses a body that nothing would look at; {} says nothing either.
func noBody(r *http.Request) error {
	text, err := io.ReadAll(r.Body)
	if text = bytes.TrimSpace(text); err != nil || len(text) > 0 && string(text) != "{}" {
		return refuse(http.StatusBadRequest, "this takes no body")
	}
	return nil
}

// json makes a handler of what returns a body.
func (s *Server) json(f func(*http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := f(r)
		if err != nil {
			s.fail(w, err)
			return
		}
		s.answer(w, http.StatusOK, body)
	}
}

// refused logs that a request was refused, some of them only.
func (s *Server) refused(r *http.Request, why string) {
	s.refusals.Do(func() {
		s.options.Log.Warn("the admin server refuses a request; more of them within ten seconds are not logged", zap.String("because", why),
			zap.String("from", r.RemoteAddr), zap.String("method", short(r.Method)), zap.String("path", short(r.URL.Path)))
	})
}
