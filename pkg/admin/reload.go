package admin

import (
	"context"
	"errors"
	"net/http"

	"github.com/adapterd/adapterd/pkg/adapter"
	"github.com/adapterd/adapterd/pkg/document"
)

// Problem is something about a document, with its place. Line and Column count from 1, and are 0 for what has no place.
type Problem struct {
	Severity string `json:"severity"`
	Code     string `json:"code"`
	File     string `json:"file"`
	Line     int    `json:"line"`
	Column   int    `json:"column"`
	Message  string `json:"message"`
}

// ReloadRefused is the answer to a reload that changed nothing, or that failed.
type ReloadRefused struct {
	Error    string    `json:"error"`
	Problems []Problem `json:"problems"`
}

func (s *Server) postReload(ctx context.Context, _ *http.Request) (any, error) {
	a, err := s.running()
	if err != nil {
		return nil, err
	}
	done, err := a.Reload(ctx)
	if err == nil {
		return done.Status(nil), nil
	}
	refused := &refusal{status: http.StatusUnprocessableEntity, text: err.Error()}
	if !errors.Is(err, adapter.ErrRefused) {
		if !errors.As(s.conflict(ctx, err), &refused) {
			return nil, err
		}
	}
	refused.body = ReloadRefused{refused.text, problemsOf(done.Problems)}
	return nil, refused
}

func problemsOf(all document.Problems) []Problem {
	var out []Problem
	for _, p := range all {
		out = append(out, Problem{string(p.Severity), p.Code, p.Pos.File, p.Pos.Line, p.Pos.Column, p.Message})
	}
	return out
}
