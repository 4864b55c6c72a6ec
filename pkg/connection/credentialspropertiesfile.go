package connection

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/document"
)

// PropertiesFile takes keys from a properties file with accessKey and secretKey.
type PropertiesFile struct {
	PropertyFile string `xml:"property-file,required" example:"/etc/adapterd/aws.properties" doc:"properties file with accessKey and secretKey, a path or file: URL"`
}

// propertiesFileRefresh is how often the file is read again, so that keys that somebody renews are picked up.
const propertiesFileRefresh = 5 * time.Minute

// Check refuses a file that can not be read or lacks a key.
func (c *PropertiesFile) Check(r *component.Report) {
	if c.PropertyFile == "" {
		return // reported already
	}
	if _, err := c.read(); err != nil {
		r.Errorf("property-file", "property-file", "gives no keys: %v", err)
	}
}

// Provider reads the file now and then.
func (c *PropertiesFile) Provider(context.Context, string) (aws.CredentialsProvider, error) {
	return aws.NewCredentialsCache(aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		found, err := c.read()
		if err != nil {
			return aws.Credentials{}, fmt.Errorf("aws-properties-file-credentials-builder: %w", err)
		}
		found.CanExpire, found.Expires = true, time.Now().Add(propertiesFileRefresh)
		return found, nil
	})), nil
}

func (c *PropertiesFile) read() (aws.Credentials, error) {
	path, err := document.FilePath(c.PropertyFile)
	if err != nil {
		return aws.Credentials{}, err
	}
	_, data, err := document.ReadLocation(context.Background(), path, maxConfigBytes)
	if err != nil {
		return aws.Credentials{}, fmt.Errorf("%s: %w", path, err)
	}
	properties, problems := document.ReadProperties(path, data)
	if len(problems.Errors()) > 0 {
		return aws.Credentials{}, problems.Errors()
	}
	found := aws.Credentials{Source: "properties file"}
	for _, p := range properties {
		switch p.Key { // the names of the AWS SDK for Java
		case "accessKey":
			found.AccessKeyID = strings.TrimSpace(p.Value)
		case "secretKey":
			found.SecretAccessKey = strings.TrimSpace(p.Value)
		}
	}
	var missing []error
	if found.AccessKeyID == "" {
		missing = append(missing, fmt.Errorf("%s has no accessKey; add a line accessKey=…", path))
	}
	if found.SecretAccessKey == "" {
		missing = append(missing, fmt.Errorf("%s has no secretKey; add a line secretKey=…", path))
	}
	return found, errors.Join(missing...)
}

func init() {
	component.Register[PropertiesFile]("aws-properties-file-credentials-builder", "com.adaptris.aws.PropertiesFileCredentialsBuilder", component.KindPart,
		"signs with keys of a properties file")
}
