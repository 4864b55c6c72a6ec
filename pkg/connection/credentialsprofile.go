package connection

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/document"
)

// Profile takes keys from a profile of the files that the AWS tools share, whatever the environment's keys are.
type Profile struct {
	ConfigFile           string `xml:"config-file" doc:"file with profiles, a path or file: URL; ~/.aws/credentials and ~/.aws/config when not given"`
	ProfileName          string `xml:"profile-name" doc:"profile; AWS_PROFILE or default when not given"`
	RefreshIntervalNanos int64  `xml:"refresh-interval-nanos" default:"300000000000" min:"1000000" doc:"nanoseconds after which the files are read again; five minutes"`
}

// Check refuses a profile that is not there.
func (c *Profile) Check(r *component.Report) {
	if c.ConfigFile != "" {
		if path, err := document.FilePath(c.ConfigFile); err != nil {
			r.Errorf("config-file", "config-file", "can not be read: %v", err)
			return
		} else if _, _, err := document.ReadLocation(context.Background(), path, maxConfigBytes); err != nil {
			r.Errorf("config-file", "config-file", "is %s, which can not be read: %v", path, err)
			return
		}
	}
	element := "profile-name"
	if !r.Set(element) {
		element = ""
	}
	if _, err := config.LoadSharedConfigProfile(context.Background(), c.profile(), c.shared); err != nil {
		r.Errorf(element, "unknown-profile", "can not be used: %v", c.explain(err))
	}
}

func (c *Profile) profile() string {
	return cmp.Or(strings.TrimSpace(c.ProfileName), os.Getenv("AWS_PROFILE"), "default")
}

// files are where profiles stand. A file that the document names is read both as configuration and as credentials, as Interlok does, so
// that [profile name] and [name] both count.
func (c *Profile) files() (configuration, credentials []string) {
	if c.ConfigFile == "" {
		configuration, credentials = config.DefaultSharedConfigFiles, config.DefaultSharedCredentialsFiles
		if file := os.Getenv("AWS_CONFIG_FILE"); file != "" {
			configuration = []string{file}
		}
		if file := os.Getenv("AWS_SHARED_CREDENTIALS_FILE"); file != "" {
			credentials = []string{file}
		}
		return configuration, credentials
	}
	path, err := document.FilePath(c.ConfigFile)
	if err != nil {
		return []string{}, []string{} // reported by Check; the shared files must not take its place
	}
	return []string{path}, []string{path}
}

func (c *Profile) shared(o *config.LoadSharedConfigOptions) {
	o.ConfigFiles, o.CredentialsFiles = c.files()
}

// explain says which profile was not found where.
func (c *Profile) explain(err error) error {
	var missing config.SharedConfigProfileNotExistError
	if !errors.As(err, &missing) {
		return fmt.Errorf("profile %q can not be read: %w", c.profile(), err)
	}
	configuration, credentials := c.files()
	files := slices.Compact(slices.Concat(credentials, configuration))
	return fmt.Errorf("there is no profile %q in %s; add it, or name another with <profile-name>", c.profile(), strings.Join(files, " or "))
}

// Provider reads the profile now and then, so that keys that somebody renews are picked up.
func (c *Profile) Provider(_ context.Context, region string) (aws.CredentialsProvider, error) {
	return aws.NewCredentialsCache(aws.CredentialsProviderFunc(func(ctx context.Context) (aws.Credentials, error) {
		configuration, credentials := c.files()
		loaded, err := sdkConfig(ctx, region, config.WithSharedConfigProfile(c.profile()),
			config.WithSharedConfigFiles(configuration), config.WithSharedCredentialsFiles(credentials))
		if err != nil {
			return aws.Credentials{}, c.explain(err)
		}
		found, err := loaded.Credentials.Retrieve(ctx)
		if err != nil {
			return aws.Credentials{}, fmt.Errorf("profile %q: %w", c.profile(), err)
		}
		if !found.CanExpire { // then they stand in the file, which may change
			found.CanExpire, found.Expires = true, time.Now().Add(time.Duration(c.RefreshIntervalNanos))
		}
		return found, nil
	})), nil
}

func init() {
	component.Register[Profile]("aws-profile-credentials-builder", "com.adaptris.aws.ProfileCredentialsBuilder", component.KindPart,
		"signs with keys of a profile in the AWS tools' shared files")
}
