// Package reverseproxy keeps threats out of the responses of an httputil.ReverseProxy.
package reverseproxy

import (
	"fmt"
	"net/http"
	"net/http/httputil"
	"net/url"

	"hypersieve"
)

// New is a reverse proxy to target that scans every response while it passes through. A response whose text asks for deny
// or worse is cut off before the client has got any byte of what was found; so is one that can't be scanned.
func New(target *url.URL, scanner *hypersieve.Scanner, deny hypersieve.Action) *httputil.ReverseProxy {
	proxy := httputil.NewSingleHostReverseProxy(target)
	direct := proxy.Director
	proxy.Director = func(request *http.Request) {
		direct(request)
		// A compressed response can't be read.
		request.Header.Set("Accept-Encoding", "identity")
	}
	proxy.ModifyResponse = func(response *http.Response) error {
		if encoding := response.Header.Get("Content-Encoding"); encoding != "" && encoding != "identity" {
			return fmt.Errorf("a response in %s can't be scanned", encoding)
		}
		reader, err := scanner.NewReader(response.Body, hypersieve.ToolResult, deny)
		if err != nil {
			return err
		}
		response.Body = reader
		// The response may end early, and then its length would be a lie.
		response.Header.Del("Content-Length")
		response.ContentLength = -1
		return nil
	}
	// What a client waits for is passed on as soon as it is judged.
	proxy.FlushInterval = -1
	return proxy
}
