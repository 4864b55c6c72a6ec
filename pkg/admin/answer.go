package admin

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"strconv"
	"time"

	"go.uber.org/zap"
)

// ErrorAnswer is the body of every answer that is no success.
type ErrorAnswer struct {
	Error string `json:"error"`
}

// refusal is an answer that is no success.
type refusal struct {
	status int
	text   string
	// body stands in for text if there is more to say.
	body any
	// retryAfter is 0 if it makes no difference when one tries again.
	retryAfter time.Duration
}

func (r *refusal) Error() string { return r.text }

func refuse(status int, text string) error { return &refusal{status: status, text: text} }

// answer writes body as JSON.
func (s *Server) answer(w http.ResponseWriter, status int, body any) {
	text, err := s.encode(body)
	if err != nil {
		s.options.Log.Error("an answer of the admin server can not be written as JSON", zap.Error(err))
		status, text = http.StatusInternalServerError, []byte(`{"error":"the answer can not be written as JSON; the log says why"}`+"\n")
	}
	s.write(w, status, "application/json", text)
}

func (s *Server) write(w http.ResponseWriter, status int, contentType string, text []byte) {
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(status)
	_, _ = w.Write(text) // a client that has gone does not miss it
}

// fail answers an error.
func (s *Server) fail(w http.ResponseWriter, err error) {
	var r *refusal
	if !errors.As(err, &r) {
		r = &refusal{status: http.StatusInternalServerError, text: err.Error()}
	}
	if r.retryAfter > 0 {
		w.Header().Set("Retry-After", seconds(r.retryAfter))
	}
	if r.body == nil {
		r.body = ErrorAnswer{r.text}
	}
	s.answer(w, r.status, r.body)
}

// encode makes JSON in which no list is null and no text has a secret.
func (s *Server) encode(body any) ([]byte, error) {
	v := reflect.New(reflect.TypeOf(body)).Elem()
	v.Set(reflect.ValueOf(body))
	s.prepare(v)
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // an answer is not HTML, and says so
	err := e.Encode(v.Interface())
	return b.Bytes(), err
}

// keysField is the name of the field, in any part of an answer, that has the partition keys of a hot shard.
const keysField = "HotKeys"

// prepare makes every nil list of v, which can be set, an empty one, masks the texts, and leaves
// partition keys out unless they may be shown. What others may have, too, is copied before it is
// changed. Texts are masked before they are JSON: a secret can look like a part of the JSON around it.
func (s *Server) prepare(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(s.options.Mask(v.String()))
	case reflect.Struct:
		for i := range v.NumField() {
			switch f := v.Type().Field(i); {
			case !f.IsExported():
			case f.Name == keysField && !s.options.ShowKeys:
				v.Field(i).SetZero()
			default:
				s.prepare(v.Field(i))
			}
		}
	case reflect.Slice:
		own := reflect.AppendSlice(reflect.MakeSlice(v.Type(), 0, v.Len()), v)
		for i := range own.Len() {
			s.prepare(own.Index(i))
		}
		v.Set(own)
	case reflect.Pointer:
		if !v.IsNil() {
			own := reflect.New(v.Type().Elem())
			own.Elem().Set(v.Elem())
			s.prepare(own.Elem())
			v.Set(own)
		}
	case reflect.Map:
		own := reflect.MakeMapWithSize(v.Type(), v.Len())
		for all := v.MapRange(); all.Next(); {
			pair := [2]reflect.Value{reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()}
			pair[0].Set(all.Key())
			pair[1].Set(all.Value())
			s.prepare(pair[0])
			s.prepare(pair[1])
			own.SetMapIndex(pair[0], pair[1])
		}
		v.Set(own)
	}
}
