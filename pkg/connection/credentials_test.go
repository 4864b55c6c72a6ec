package connection

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/adapterd/adapterd/pkg/document"
)

// isolate keeps the machine's own AWS settings out of a test.
func isolate(t *testing.T) {
	t.Helper()
	for _, pair := range os.Environ() {
		if name, _, _ := strings.Cut(pair, "="); strings.HasPrefix(name, "AWS_") {
			t.Setenv(name, "")
			_ = os.Unsetenv(name) // Setenv puts it back after the test
		}
	}
	t.Setenv("HOME", t.TempDir())
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(t.TempDir(), "config"))
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(t.TempDir(), "credentials"))
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
}

func credentialsOf(t *testing.T, xml string) Credentials {
	t.Helper()
	return mustDecode[Credentials](t, xml)
}

func retrieve(t *testing.T, c Credentials) (aws.Credentials, error) {
	t.Helper()
	p, err := c.Provider(t.Context(), "eu-west-1")
	if err != nil {
		return aws.Credentials{}, err
	}
	if p == nil {
		return aws.Credentials{}, fmt.Errorf("default chain")
	}
	return p.Retrieve(t.Context())
}

func encoded(t *testing.T, form, plain string) string {
	t.Helper()
	text, err := document.EncodeSecret(plain, form, "")
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestStaticCredentials(t *testing.T) {
	for name, c := range map[string]struct{ xml, want string }{
		"keys directly":      {`<credentials class="aws-static-credentials-builder"><access-key>AKIA1</access-key><secret-key>s1</secret-key></credentials>`, "AKIA1 s1 "},
		"with session token": {`<credentials class="aws-static-credentials-builder"><access-key>AKIA1</access-key><secret-key>s1</secret-key><session-token>t1</session-token></credentials>`, "AKIA1 s1 t1"},
		"in authentication":  {`<credentials class="com.adaptris.aws.StaticCredentialsBuilder"><authentication class="aws-keys-authentication"><access-key>AKIA2</access-key><secret-key>s2</secret-key></authentication></credentials>`, "AKIA2 s2 "},
		"of the environment": {`<credentials class="aws-static-credentials-builder"><access-key>%env{ACCESS}</access-key><secret-key>%env{SECRET}</secret-key></credentials>`, "AKIAENVIRONMENT from-the-environment "},
		"PW":                 {`<credentials class="aws-static-credentials-builder"><access-key>A</access-key><secret-key>` + encoded(t, document.FormPW, "p w") + `</secret-key></credentials>`, "A p w "},
		"AES_GCM":            {`<credentials class="aws-static-credentials-builder"><access-key>A</access-key><secret-key>` + encoded(t, document.FormGCM, "gcm") + `</secret-key></credentials>`, "A gcm "},
		"lines around":       {"<credentials class=\"aws-static-credentials-builder\"><access-key>\n  A\n</access-key><secret-key>\n  s\n</secret-key></credentials>", "A s "},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := retrieve(t, credentialsOf(t, c.xml))
			if err != nil || got.AccessKeyID+" "+got.SecretAccessKey+" "+got.SessionToken != c.want {
				t.Errorf("got other keys than wanted, %v", err)
			}
		})
	}
}

func TestDefaultChainIsNoProviderOfOurs(t *testing.T) {
	for _, xml := range []string{
		`<credentials class="aws-default-credentials-provider"/>`,
		`<credentials class="aws-static-credentials-builder"/>`,
		`<credentials class="aws-static-credentials-builder"><authentication class="aws-default-authentication"/></credentials>`,
		`<credentials class="aws-static-credentials-builder"><authentication class="com.adaptris.aws.DefaultAWSAuthentication"/></credentials>`,
	} {
		if p, err := credentialsOf(t, xml).Provider(t.Context(), ""); p != nil || err != nil {
			t.Errorf("%s: %v, %v", xml, p, err)
		}
	}
}

func TestCredentialsThatCanNotWork(t *testing.T) {
	isolate(t)
	assume := func(more string) string {
		return `<credentials class="aws-sts-assumerole-credentials-builder"><role-arn>arn:aws:iam::123456789012:role/r</role-arn><role-session-name>name</role-session-name>` + more + `</credentials>`
	}
	keyless := filepath.Join(t.TempDir(), "keys.properties")
	if err := os.WriteFile(keyless, []byte("accessKey=A\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ xml, want string }{
		"no secret key":         {`<credentials class="aws-static-credentials-builder"><access-key>A</access-key></credentials>`, "aws-static-credentials-builder: <secret-key> is missing; add it, such as <secret-key>%env{AWS_SECRET_ACCESS_KEY}</secret-key>"},
		"blank access key":      {`<credentials class="aws-static-credentials-builder"><access-key> </access-key><secret-key>s</secret-key></credentials>`, "<access-key> of aws-static-credentials-builder is blank"},
		"blank in environment":  {`<credentials class="aws-static-credentials-builder"><access-key>A</access-key><secret-key>%env{BLANK}</secret-key></credentials>`, "<secret-key> of aws-static-credentials-builder is blank"},
		"not in environment":    {`<credentials class="aws-static-credentials-builder"><access-key>A</access-key><secret-key>%env{NONE}</secret-key></credentials>`, "%env{NONE}, which is not set"},
		"blank token":           {`<credentials class="aws-static-credentials-builder"><access-key>A</access-key><secret-key>s</secret-key><session-token/></credentials>`, "<session-token> of aws-static-credentials-builder is blank"},
		"keys twice":            {`<credentials class="aws-static-credentials-builder"><access-key>A</access-key><secret-key>s</secret-key><authentication class="aws-default-authentication"/></credentials>`, "<authentication> of aws-static-credentials-builder stands beside keys"},
		"empty authentication":  {`<credentials class="aws-static-credentials-builder"><authentication class="aws-keys-authentication"/></credentials>`, "aws-keys-authentication: <access-key> is missing"},
		"damaged secret":        {`<credentials class="aws-static-credentials-builder"><access-key>A</access-key><secret-key>PW:unseen</secret-key></credentials>`, "<secret-key> of aws-static-credentials-builder can not be read: the PW: secret is damaged"},
		"wrong kind":            {`<credentials class="aws-keys-authentication"><access-key>A</access-key><secret-key>unseen</secret-key></credentials>`, "aws-keys-authentication is a part and can not stand in <credentials>, which takes aws-default-credentials-provider"},
		"no role":               {`<credentials class="aws-sts-assumerole-credentials-builder"><role-session-name>name</role-session-name></credentials>`, "has no <role-arn>"},
		"not an ARN":            {strings.Replace(assume(""), "arn:aws:iam", "arn:aws:sts", 1), `<role-arn> of aws-sts-assumerole-credentials-builder is "arn:aws:sts::123456789012:role/r"; it takes the ARN of a role`},
		"session name":          {strings.Replace(assume(""), ">name<", ">n m<", 1), `<role-session-name> of aws-sts-assumerole-credentials-builder is "n m"`},
		"duration":              {assume(`<role-duration-seconds>899</role-duration-seconds>`), "is 899; it takes a whole number from 900 to 43200"},
		"external id":           {assume(`<role-external-id>unseen id</role-external-id>`), "<role-external-id> of aws-sts-assumerole-credentials-builder is no external id"},
		"policy":                {assume(`<scope-down-policy>{</scope-down-policy>`), "is no valid JSON"},
		"long policy":           {assume(`<scope-down-policy>"` + strings.Repeat("x", 2047) + `"</scope-down-policy>`), "is 2049 bytes long; STS takes at most 2048"},
		"transitive tag":        {assume(`<transitive-tag-keys><string>team</string></transitive-tag-keys>`), `names "team", which is no key in <session-tags>`},
		"tag twice":             {assume(`<session-tags><key-value-pair><key>a</key><value>1</value></key-value-pair><key-value-pair><key>a</key><value>2</value></key-value-pair></session-tags>`), `has the key "a" twice`},
		"long tag":              {assume(`<session-tags><key-value-pair><key>a</key><value>` + strings.Repeat("x", 257) + `</value></key-value-pair></session-tags>`), "a value at most 256"},
		"unknown profile":       {`<credentials class="aws-profile-credentials-builder"><profile-name>none</profile-name></credentials>`, `<profile-name> of aws-profile-credentials-builder can not be used: there is no profile "none" in `},
		"no profile file":       {`<credentials class="aws-profile-credentials-builder"><config-file>/none/credentials</config-file></credentials>`, "<config-file> of aws-profile-credentials-builder is /none/credentials, which can not be read"},
		"no command":            {`<credentials class="aws-process-credentials-builder"><command> </command></credentials>`, "<command> of aws-process-credentials-builder is blank"},
		"no properties file":    {`<credentials class="aws-properties-file-credentials-builder"><property-file>/none/keys</property-file></credentials>`, "<property-file> of aws-properties-file-credentials-builder gives no keys: /none/keys: "},
		"properties without it": {`<credentials class="aws-properties-file-credentials-builder"><property-file>` + keyless + `</property-file></credentials>`, "has no secretKey; add a line secretKey="},
	} {
		t.Run(name, func(t *testing.T) {
			_, problems := decode[Credentials](t, c.xml)
			if !strings.Contains(problems, c.want) {
				t.Errorf("got  %s\nwant %s", problems, c.want)
			}
			if strings.Contains(problems, "unseen") {
				t.Errorf("the secret is in %s", problems)
			}
		})
	}
}

func TestProfileCredentials(t *testing.T) {
	isolate(t)
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIAOFTHEENVIRONMENT") // must not come before the profile
	t.Setenv("AWS_SECRET_ACCESS_KEY", "x")
	file := filepath.Join(t.TempDir(), "profiles")
	write := func(path, text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(file, "[default]\naws_access_key_id = D\naws_secret_access_key = d\n[team]\naws_access_key_id = T\naws_secret_access_key = t\naws_session_token = tt\n")
	write(os.Getenv("AWS_SHARED_CREDENTIALS_FILE"), "[default]\naws_access_key_id = S\naws_secret_access_key = s\n[other]\naws_access_key_id = O\naws_secret_access_key = o\n")
	for name, c := range map[string]struct{ xml, variable, want string }{
		"named in a file":    {"<config-file>file://" + file + "</config-file><profile-name>team</profile-name>", "", "T t tt"},
		"default of a file":  {"<config-file>" + file + "</config-file>", "", "D d "},
		"default":            {"", "", "S s "},
		"by the environment": {"", "other", "O o "},
		"named and shared":   {"<profile-name>other</profile-name>", "default", "O o "},
	} {
		t.Run(name, func(t *testing.T) {
			if c.variable != "" {
				t.Setenv("AWS_PROFILE", c.variable)
			}
			got, err := retrieve(t, credentialsOf(t, `<credentials class="aws-profile-credentials-builder">`+c.xml+`</credentials>`))
			if keys := got.AccessKeyID + " " + got.SecretAccessKey + " " + got.SessionToken; err != nil || keys != c.want {
				t.Errorf("got %s, %v; want %s", keys, err, c.want)
			}
		})
	}
	t.Run("renewed after the interval", func(t *testing.T) {
		p, err := credentialsOf(t, `<credentials class="aws-profile-credentials-builder"><config-file>`+file+`</config-file><refresh-interval-nanos>1000000</refresh-interval-nanos></credentials>`).Provider(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		first, err := p.Retrieve(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		write(file, "[default]\naws_access_key_id = N\naws_secret_access_key = n\n")
		for time.Now().Before(first.Expires) {
			runtime.Gosched() // a millisecond
		}
		if second, err := p.Retrieve(t.Context()); err != nil || first.AccessKeyID != "D" || second.AccessKeyID != "N" {
			t.Errorf("first %s, then %s, %v", first.AccessKeyID, second.AccessKeyID, err)
		}
	})
}

func TestProcessCredentials(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the commands are for a Unix shell")
	}
	in := time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
	for name, c := range map[string]struct{ command, more, want, err string }{
		"keys":          {`echo '{"Version":1,"AccessKeyId":"A","SecretAccessKey":"s"}'`, "", "A s ", ""},
		"that expire":   {`echo '{"Version":1,"AccessKeyId":"A","SecretAccessKey":"s","SessionToken":"t","Expiration":"` + in + `"}'`, "", "A s t", ""},
		"old version":   {`echo '{"Version":2,"AccessKeyId":"A","SecretAccessKey":"unseen"}'`, "", "", "it printed Version 2; only 1 is known"},
		"half":          {`echo '{"Version":1,"AccessKeyId":"A"}'`, "", "", "no SecretAccessKey"},
		"no JSON":       {`echo unseen`, "", "", "is not the JSON of a credential_process"},
		"fails":         {`echo unseen; exit 3 #unseen`, "", "", "exit status 3"},
		"too much":      {`yes unseen`, "", "", "it printed more than 1024 bytes"},
		"larger limit":  {`printf '%2000s' ; echo '{"Version":1,"AccessKeyId":"A","SecretAccessKey":"s"}'`, "<process-output-limit-bytes>4096</process-output-limit-bytes>", "A s ", ""},
		"smaller limit": {`echo '{"Version":1,"AccessKeyId":"A","SecretAccessKey":"unseen"}'`, "<process-output-limit-bytes>8</process-output-limit-bytes>", "", "it printed more than 8 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := retrieve(t, credentialsOf(t, `<credentials class="aws-process-credentials-builder"><command><![CDATA[`+c.command+`]]></command>`+c.more+`</credentials>`))
			if keys := got.AccessKeyID + " " + got.SecretAccessKey + " " + got.SessionToken; c.err == "" && (err != nil || keys != c.want) {
				t.Errorf("got %s, %v", keys, err)
			}
			if c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err) || strings.Contains(err.Error(), "unseen")) {
				t.Errorf("got %v, want %s", err, c.err)
			}
		})
	}
}

func TestProcessIsAskedAgainBeforeItsKeysExpire(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the commands are for a Unix shell")
	}
	count := filepath.Join(t.TempDir(), "count")
	in := time.Now().Add(time.Minute).UTC().Format(time.RFC3339)
	for buffer, want := range map[string]int{"15": 1, "120": 2} {
		_ = os.Remove(count)
		p, err := credentialsOf(t, `<credentials class="aws-process-credentials-builder"><expiration-buffer-seconds>`+buffer+`</expiration-buffer-seconds><command><![CDATA[echo >>`+count+
			`; echo '{"Version":1,"AccessKeyId":"A","SecretAccessKey":"s","Expiration":"`+in+`"}']]></command></credentials>`).Provider(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if _, err := p.Retrieve(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if runs, err := os.ReadFile(count); err != nil || len(runs) != want {
			t.Errorf("buffer %s: ran %d times, %v", buffer, len(runs), err)
		}
	}
}

func TestPropertiesFileCredentials(t *testing.T) {
	file := filepath.Join(t.TempDir(), "keys.properties")
	if err := os.WriteFile(file, []byte("# keys\naccessKey = A\nsecretKey: s=1 \n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, location := range []string{file, "file://" + file} {
		got, err := retrieve(t, credentialsOf(t, `<credentials class="aws-properties-file-credentials-builder"><property-file>`+location+`</property-file></credentials>`))
		if err != nil || got.AccessKeyID != "A" || got.SecretAccessKey != "s=1" || !got.CanExpire {
			t.Errorf("%s: got other keys, %v", location, err)
		}
	}
}

// No printer shows a key, whatever it is given.
func TestSecretsAreNeverShown(t *testing.T) {
	xml := strings.Replace(inline("Region", "eu-west-1"), "<config>", `<credentials class="aws-sts-assumerole-credentials-builder"><role-arn>arn:aws:iam::123456789012:role/r</role-arn>
		<role-session-name>name</role-session-name><role-external-id>unseen1</role-external-id><credentials class="aws-static-credentials-builder"><access-key>unseen2</access-key>
		<secret-key>unseen3</secret-key><session-token>unseen4</session-token></credentials></credentials>
		<metrics-credentials class="aws-static-credentials-builder"><authentication class="aws-keys-authentication"><access-key>unseen5</access-key><secret-key>unseen6</secret-key></authentication></metrics-credentials><config>`, 1)
	c := mustDecode[*KinesisInline](t, xml)
	role := c.Credentials.(*AssumeRole)
	if reveal(role.RoleExternalID) != "unseen1" || reveal(role.Credentials.(*StaticCredentials).SecretKey) != "unseen3" {
		t.Fatal("the secrets were not read")
	}
	var logged strings.Builder
	core := zapcore.NewCore(zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()), zapcore.AddSync(&logged), zap.DebugLevel)
	for _, v := range []any{role, *role, role.Credentials, *role.Credentials.(*StaticCredentials), c.MetricsCredentials, c.MetricsCredentials.(*StaticCredentials).Authentication, role.RoleExternalID} {
		zap.New(core).Info("shown", zap.Any("value", v), zap.Reflect("reflected", v))
		for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
			if text := fmt.Sprintf(format, v); strings.Contains(text, "unseen") || strings.Contains(text, fmt.Sprintf("%x", "unseen")) {
				t.Errorf("%T with %s: %s", v, format, text)
			}
		}
	}
	if strings.Contains(logged.String(), "unseen") || !strings.Contains(logged.String(), "shown") {
		t.Errorf("logged %s", logged.String())
	}
}
