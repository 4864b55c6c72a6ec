package connection

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/adapterd/adapterd/pkg/component"
)

// Process takes keys from what a command prints, in the JSON that the AWS tools call credential_process.
type Process struct {
	Command                 string `xml:"command,required" example:"/opt/bin/credentials --user adapter" doc:"command for the shell, with its arguments"`
	ProcessOutputLimitBytes int64  `xml:"process-output-limit-bytes" default:"1024" min:"1" doc:"the most that the command may print"`
	ExpirationBufferSeconds int    `xml:"expiration-buffer-seconds" default:"15" min:"0" doc:"seconds before the keys expire in which new ones are asked for"`
}

// processTimeout is how long a command may take: as long as the AWS SDK gives one.
const processTimeout = time.Minute

// Provider runs the command when there are no keys or they are about to expire.
func (c *Process) Provider(context.Context, string) (aws.CredentialsProvider, error) {
	return aws.NewCredentialsCache(aws.CredentialsProviderFunc(c.run), func(o *aws.CredentialsCacheOptions) {
		o.ExpiryWindow = time.Duration(c.ExpirationBufferSeconds) * time.Second
	}), nil
}

// run does not use the SDK's own runner, whose errors repeat what the command printed, keys included, and which has no limit.
func (c *Process) run(ctx context.Context) (aws.Credentials, error) {
	ctx, cancel := context.WithTimeout(ctx, processTimeout)
	defer cancel()
	shell, flag := "sh", "-c"
	if runtime.GOOS == "windows" {
		shell, flag = "cmd.exe", "/C"
	}
	out := &boundedBuffer{limit: c.ProcessOutputLimitBytes}
	command := exec.CommandContext(ctx, shell, flag, c.Command) //nolint:gosec // running what the document names is the point
	command.Stdout = out
	command.WaitDelay = time.Second // for what the command left running with its output open
	err := command.Run()
	switch {
	case out.exceeded:
		return aws.Credentials{}, c.errorf("it printed more than %d bytes; raise <process-output-limit-bytes> if that is right", c.ProcessOutputLimitBytes)
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return aws.Credentials{}, c.errorf("it took longer than %v", processTimeout)
	case err != nil:
		return aws.Credentials{}, c.errorf("%w; run it by hand to see why", err)
	}
	return c.parse(out.held.Bytes())
}

func (c *Process) parse(printed []byte) (aws.Credentials, error) {
	var answer struct {
		Version         int
		AccessKeyID     string `json:"AccessKeyId"`
		SecretAccessKey string
		SessionToken    string
		Expiration      *time.Time
	}
	switch err := json.Unmarshal(printed, &answer); {
	case err != nil: // whose text may repeat what was printed
		return aws.Credentials{}, c.errorf("what it printed is not the JSON of a credential_process")
	case answer.Version != 1:
		return aws.Credentials{}, c.errorf("it printed Version %d; only 1 is known", answer.Version)
	case answer.AccessKeyID == "" || answer.SecretAccessKey == "":
		return aws.Credentials{}, c.errorf("it printed no AccessKeyId or no SecretAccessKey; it must print both")
	}
	found := aws.Credentials{AccessKeyID: answer.AccessKeyID, SecretAccessKey: answer.SecretAccessKey, SessionToken: answer.SessionToken, Source: "process"}
	if answer.Expiration != nil {
		found.CanExpire, found.Expires = true, *answer.Expiration
	}
	return found, nil
}

// errorf does not repeat the command, whose arguments may hold a secret.
func (c *Process) errorf(format string, args ...any) error {
	return fmt.Errorf("the <command> of aws-process-credentials-builder failed: %w", fmt.Errorf(format, args...))
}

// boundedBuffer takes no more than limit bytes, and ends the command that writes more.
type boundedBuffer struct {
	held     bytes.Buffer // not embedded: its ReadFrom knows no limit
	limit    int64
	exceeded bool
}

var errTooMuch = errors.New("too much output")

func (b *boundedBuffer) Write(p []byte) (int, error) {
	if int64(b.held.Len()+len(p)) > b.limit {
		b.exceeded = true
		return 0, errTooMuch
	}
	return b.held.Write(p)
}

func init() {
	component.Register[Process]("aws-process-credentials-builder", "com.adaptris.aws.ProcessCredentialsBuilder", component.KindPart,
		"signs with keys that a command prints")
}
