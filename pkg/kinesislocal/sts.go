package kinesislocal

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

func stsRefusal(format string, args ...any) *apiError {
	return refuse("ValidationError", format, args...)
}

// stsUserID is the id of the one user of the account.
const stsUserID = "AIDALOCALLOCALLOCAL0"

func (c *call) getCallerIdentity() *apiError {
	c.out.key("Arn")
	c.out.str("arn:aws:iam::" + c.s.opts.Account + ":user/local")
	c.out.key("UserId")
	c.out.str(stsUserID)
	c.out.key("Account")
	c.out.str(c.s.opts.Account)
	return nil
}

// assumeRole gives out credentials of any role that has a well-formed ARN.
func (c *call) assumeRole() *apiError {
	role, session := c.in.str("RoleArn"), c.in.str("RoleSessionName")
	seconds, has := c.in.int("DurationSeconds")
	c.log.Parameters = map[string]string{}
	for name := range c.in.members {
		if text, ok := c.in.members[name].(string); ok && name != "Action" && name != "Version" {
			c.log.Parameters[name] = text
		}
	}
	if err := c.in.failure(); err != nil {
		return err
	}
	if !has {
		seconds = 3600
	}
	path, ok := strings.CutPrefix(role, "arn:aws:iam::")
	account, name, isRole := strings.Cut(path, ":role/")
	switch {
	case role == "":
		return stsRefusal("1 validation error detected: Value null at 'roleArn' failed to satisfy constraint: Member must not be null")
	case !ok || !isRole || name == "" || len(account) != 12 || !allDigits(account):
		return stsRefusal("%s is invalid", role)
	case !validSessionName(session):
		return stsRefusal("1 validation error detected: Value '%s' at 'roleSessionName' failed to satisfy constraint: "+
			`Member must satisfy regular expression pattern: [\w+=,.@-]{2,64}`, session)
	case seconds < 900 || seconds > 43200:
		return stsRefusal("1 validation error detected: Value '%d' at 'durationSeconds' failed to satisfy constraint: Member must have a value from 900 to 43200", seconds)
	}
	c.out.key("Credentials")
	c.out.object()
	c.out.key("AccessKeyId")
	c.out.str(fmt.Sprintf("ASIA%016X", rand.Uint64()))
	c.out.key("SecretAccessKey")
	c.out.str(fmt.Sprintf("%020x%020x", rand.Uint64(), rand.Uint64()))
	c.out.key("SessionToken")
	c.out.str(fmt.Sprintf("local%016x%016x", rand.Uint64(), rand.Uint64()))
	c.out.key("Expiration")
	c.out.time(c.now.Add(time.Duration(seconds) * time.Second))
	c.out.endObject()
	c.out.key("AssumedRoleUser")
	c.out.object()
	c.out.key("AssumedRoleId")
	c.out.str("AROALOCALLOCALLOCAL0:" + session)
	c.out.key("Arn")
	c.out.str("arn:aws:sts::" + account + ":assumed-role/" + name + "/" + session)
	c.out.endObject()
	c.out.key("PackedPolicySize")
	c.out.int(0)
	return nil
}

func validSessionName(s string) bool {
	if len(s) < 2 || len(s) > 64 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("_+=,.@-", c) >= 0) {
			return false
		}
	}
	return true
}
