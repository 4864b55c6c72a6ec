package kinesislocal

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// pythonVariable names a Python interpreter that has boto3.
const pythonVariable = "ADAPTERD_PYTHON"

func TestBoto3(t *testing.T) {
	python := os.Getenv(pythonVariable)
	if python == "" {
		t.Skipf("%s is not set; give it a Python with the boto3 that testdata/boto3_check.py names", pythonVariable)
	}
	s := NewTest(t, Options{})
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, s.CertificatePEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), python, filepath.Join("testdata", "boto3_check.py"), s.URL(), s.TLSURL(), ca)
	// Configuration of the user must not reach the clients.
	cmd.Env = append(os.Environ(), "AWS_CONFIG_FILE=/dev/null", "AWS_SHARED_CREDENTIALS_FILE=/dev/null", "AWS_EC2_METADATA_DISABLED=true", "PYTHONDONTWRITEBYTECODE=1")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	protocols := map[string]int{}
	for _, r := range s.Requests() {
		protocols[r.Service+" "+r.Protocol]++
	}
	t.Logf("requests by protocol: %v", protocols)
}
