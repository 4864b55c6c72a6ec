package connection

import (
	"bytes"
	"io"
	"net/http"
	"net/url"

	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// maxRefusalBytes is how much of an error's answer is kept; those of STS are some hundred bytes long.
const maxRefusalBytes = 64 << 10

// unsaid takes out of the error answers of STS what the request had in confidence: some gateways repeat what they refuse, and the text of
// an error reaches logs, metadata and, through an HTTP source, clients.
type unsaid struct {
	next sts.HTTPClient
	// externalID is in the body of the request; empty without one.
	externalID string
}

// Do implements sts.HTTPClient.
func (u unsaid) Do(r *http.Request) (*http.Response, error) {
	// The client may give the headers away when it is done.
	secrets := []string{r.Header.Get("Authorization"), r.Header.Get("X-Amz-Security-Token"), u.externalID, url.QueryEscape(u.externalID)}
	answer, err := u.next.Do(r)
	if err != nil || answer.StatusCode < http.StatusMultipleChoices {
		return answer, err
	}
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxRefusalBytes))
	closing := answer.Body.Close()
	if err == nil {
		err = closing
	}
	if err != nil {
		return nil, err
	}
	for _, secret := range secrets {
		if secret != "" {
			body = bytes.ReplaceAll(body, []byte(secret), []byte("***"))
		}
	}
	answer.Body, answer.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	answer.Header.Del("Content-Length")
	return answer, nil
}
