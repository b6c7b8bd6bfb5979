// Package hypersieve scans what AI agents read and write for prompt injection, dangerous commands and leaking secrets.
//
// Any error means: treat the text as blocked. The C library is found with pkg-config (ffi/install.sh and cargo-c install
// it); CGO_CFLAGS and CGO_LDFLAGS do as well.
//
// Databases and scanners may be shared by any number of goroutines. A Stream is for one goroutine at a time. Handles are
// freed by Close, or when they are collected.
package hypersieve

// #cgo pkg-config: hypersieve
// #include <hypersieve.h>
import "C"

import (
	"fmt"
	"runtime"
	"unsafe"
)

// Status is what a call of the library returned.
type Status int32

// The statuses; others may come with newer libraries.
const (
	InvalidArgument Status = C.HYPERSIEVE_STATUS_INVALID_ARGUMENT
	WrongHandle     Status = C.HYPERSIEVE_STATUS_WRONG_HANDLE
	Busy            Status = C.HYPERSIEVE_STATUS_BUSY
	ForeignCache    Status = C.HYPERSIEVE_STATUS_FOREIGN_CACHE
	InvalidRules    Status = C.HYPERSIEVE_STATUS_INVALID_RULES
	InvalidDatabase Status = C.HYPERSIEVE_STATUS_INVALID_DATABASE
	InvalidPolicy   Status = C.HYPERSIEVE_STATUS_INVALID_POLICY
	ScanFailed      Status = C.HYPERSIEVE_STATUS_SCAN_FAILED
	Poisoned        Status = C.HYPERSIEVE_STATUS_POISONED
	Ended           Status = C.HYPERSIEVE_STATUS_ENDED
	NotFound        Status = C.HYPERSIEVE_STATUS_NOT_FOUND
	Internal        Status = C.HYPERSIEVE_STATUS_INTERNAL
)

// Error is a call that failed: treat the text as blocked.
type Error struct {
	Status  Status
	Message string
}

func (e *Error) Error() string {
	return fmt.Sprintf("hypersieve: %s: %s", C.GoString(C.hypersieve_status_name(C.int32_t(e.Status))), e.Message)
}

// Action is what a verdict asks for; the higher the graver.
type Action uint32

// The actions.
const (
	Allow      Action = C.HYPERSIEVE_ACTION_ALLOW
	Flag       Action = C.HYPERSIEVE_ACTION_FLAG
	Quarantine Action = C.HYPERSIEVE_ACTION_QUARANTINE
	Block      Action = C.HYPERSIEVE_ACTION_BLOCK
)

func (a Action) String() string { return C.GoString(C.hypersieve_action_name(C.uint32_t(a))) }

// Severity is how grave a finding is.
type Severity uint32

// The severities.
const (
	Low      Severity = C.HYPERSIEVE_SEVERITY_LOW
	Medium   Severity = C.HYPERSIEVE_SEVERITY_MEDIUM
	High     Severity = C.HYPERSIEVE_SEVERITY_HIGH
	Critical Severity = C.HYPERSIEVE_SEVERITY_CRITICAL
)

func (s Severity) String() string { return C.GoString(C.hypersieve_severity_name(C.uint32_t(s))) }

// Channel is where a text comes from.
type Channel uint32

// The channels.
const (
	Any             Channel = C.HYPERSIEVE_CHANNEL_ANY
	ToolArgs        Channel = C.HYPERSIEVE_CHANNEL_TOOL_ARGS
	ToolResult      Channel = C.HYPERSIEVE_CHANNEL_TOOL_RESULT
	ToolDescription Channel = C.HYPERSIEVE_CHANNEL_TOOL_DESCRIPTION
	Message         Channel = C.HYPERSIEVE_CHANNEL_MESSAGE
)

func (c Channel) String() string { return C.GoString(C.hypersieve_channel_name(C.uint32_t(c))) }

// check turns a status, and what the call told of it, into an error.
func check(status C.hypersieve_status, told *C.hypersieve_error) error {
	if status == C.HYPERSIEVE_STATUS_OK {
		return nil
	}
	defer C.hypersieve_error_free(told)
	return &Error{Status(status), goText(C.hypersieve_error_message(told))}
}

func goText(text C.hypersieve_text) string { return C.GoStringN(text.data, C.int(text.len)) }

// bytesOf is where the bytes are and how many.
func bytesOf(text []byte) (*C.uint8_t, C.size_t) {
	if len(text) == 0 {
		return nil, 0
	}
	return (*C.uint8_t)(unsafe.Pointer(&text[0])), C.size_t(len(text))
}

func charsOf(text string) (*C.char, C.size_t) {
	data, length := bytesOf([]byte(text))
	return (*C.char)(unsafe.Pointer(data)), length
}

// Database is rules compiled into one matcher.
type Database struct{ handle *C.hypersieve_database }

func newDatabase(make func(**C.hypersieve_database, **C.hypersieve_error) C.hypersieve_status) (*Database, error) {
	var handle *C.hypersieve_database
	var told *C.hypersieve_error
	if err := check(make(&handle, &told), told); err != nil {
		return nil, err
	}
	database := &Database{handle}
	runtime.SetFinalizer(database, (*Database).Close)
	return database, nil
}

// Builtin is the database of the built-in rules.
func Builtin() (*Database, error) {
	return newDatabase(func(made **C.hypersieve_database, told **C.hypersieve_error) C.hypersieve_status {
		return C.hypersieve_database_builtin(made, told)
	})
}

// FromYAML compiles rules; name stands in messages where a file's name would.
func FromYAML(yaml, name string) (*Database, error) {
	text, textLen := charsOf(yaml)
	label, labelLen := charsOf(name)
	return newDatabase(func(made **C.hypersieve_database, told **C.hypersieve_error) C.hypersieve_status {
		return C.hypersieve_database_from_yaml(text, textLen, label, labelLen, 0, made, told)
	})
}

// FromPath compiles the rules of a YAML file, or of all YAML files in a folder and its subfolders.
func FromPath(path string) (*Database, error) {
	name, nameLen := charsOf(path)
	return newDatabase(func(made **C.hypersieve_database, told **C.hypersieve_error) C.hypersieve_status {
		return C.hypersieve_database_from_path(name, nameLen, 0, made, told)
	})
}

// FromBytes loads what Bytes gave, with the same version.
func FromBytes(data []byte) (*Database, error) {
	bytes, length := bytesOf(data)
	return newDatabase(func(made **C.hypersieve_database, told **C.hypersieve_error) C.hypersieve_status {
		return C.hypersieve_database_from_bytes(bytes, length, made, told)
	})
}

// Bytes is the database for FromBytes.
func (d *Database) Bytes() ([]byte, error) {
	var buffer *C.hypersieve_buffer
	var told *C.hypersieve_error
	if err := check(C.hypersieve_database_to_bytes(d.handle, &buffer, &told), told); err != nil {
		return nil, err
	}
	runtime.KeepAlive(d)
	return take(buffer)
}

// Redact is the text as it may be printed, with its secrets masked.
func (d *Database) Redact(text []byte) (string, error) {
	var buffer *C.hypersieve_buffer
	var told *C.hypersieve_error
	data, length := bytesOf(text)
	if err := check(C.hypersieve_redact(d.handle, data, length, 0, length, &buffer, &told), told); err != nil {
		return "", err
	}
	runtime.KeepAlive(d)
	redacted, err := take(buffer)
	return string(redacted), err
}

func take(buffer *C.hypersieve_buffer) ([]byte, error) {
	defer C.hypersieve_buffer_free(buffer)
	var data *C.uint8_t
	var length C.size_t
	if err := check(C.hypersieve_buffer_bytes(buffer, &data, &length), nil); err != nil {
		return nil, err
	}
	// A copy: GoBytes takes no more than two gigabytes.
	return append([]byte(nil), unsafe.Slice((*byte)(unsafe.Pointer(data)), int(length))...), nil
}

// Close frees the database; what was made with it stays of use.
func (d *Database) Close() {
	C.hypersieve_database_free(d.handle)
	d.handle = nil
	runtime.SetFinalizer(d, nil)
}
