package tides

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sort"
	"strconv"
	"time"
)

// ErrNoGauge is returned when a harbour has no gauge within the search radius.
var ErrNoGauge = errors.New("tides: no gauge near this harbour")

// Reading is one value of a gauge, in metres above chart datum.
type Reading struct {
	At     time.Time `json:"at"`
	Height float64   `json:"height"`
	Raw    bool      `json:"raw,omitempty"`
}

// Parse reads "time,height" rows. Rows that cannot be read are logged and skipped; an input with nothing else is an error.
func Parse(ctx context.Context, r io.Reader, log *slog.Logger) ([]Reading, error) {
	rows := csv.NewReader(r)
	rows.FieldsPerRecord = -1
	var out []Reading
	for line := 1; ; line++ {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil || len(row) < 2 {
			log.Warn("skipping row", "line", line, "err", err)
			continue
		}
		at, err1 := time.Parse(time.RFC3339, row[0])
		height, err2 := strconv.ParseFloat(row[1], 64)
		if err := errors.Join(err1, err2); err != nil {
			log.Warn("skipping row", "line", line, "err", err)
			continue
		}
		out = append(out, Reading{At: at.UTC(), Height: height})
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("parse gauge: %w", io.ErrUnexpectedEOF)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].At.Before(out[j].At) })
	return out, nil
}

// Handler serves the last day of readings as JSON lines.
func Handler(store interface {
	Since(context.Context, string, time.Time) ([]Reading, error)
}) http.HandlerFunc {
	return func(w http.ResponseWriter, req *http.Request) {
		readings, err := store.Since(req.Context(), req.PathValue("harbour"), time.Now().Add(-24*time.Hour))
		switch {
		case errors.Is(err, ErrNoGauge):
			http.Error(w, "no gauge here", http.StatusNotFound)
			return
		case err != nil:
			http.Error(w, "try again later", http.StatusServiceUnavailable)
			return
		}
		w.Header().Set("Content-Type", "application/x-ndjson")
		for _, r := range readings {
			fmt.Fprintf(w, "{\"at\":%q,\"height\":%.2f}\n", r.At.Format(time.RFC3339), r.Height)
		}
	}
}
