import { addDays, format, isSameMonth, startOfWeek } from "date-fns";
import { useEffect, useMemo, useRef, useState, type KeyboardEvent } from "react";

import type { Booking } from "../api/types";
import { useBookings } from "../hooks/useBookings";
import styles from "./Calendar.module.css";

interface Props {
  boatId: string;
  month: Date;
  /** Called with the first and the last night of a range. */
  onSelect?: (from: Date, to: Date) => void;
}

const KEYS: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7 };

export function Calendar({ boatId, month, onSelect }: Props) {
  const { data: bookings = [], isLoading, error } = useBookings(boatId, month);
  const [focus, setFocus] = useState(0);
  const [anchor, setAnchor] = useState<number | null>(null);
  const cells = useRef<(HTMLButtonElement | null)[]>([]);

  const days = useMemo(() => {
    const first = startOfWeek(month, { weekStartsOn: 1 });
    return Array.from({ length: 42 }, (_, i) => addDays(first, i));
  }, [month]);

  const taken = useMemo(() => index(bookings), [bookings]);

  useEffect(() => cells.current[focus]?.focus(), [focus]);

  function onKeyDown(event: KeyboardEvent) {
    const step = KEYS[event.key];
    if (step === undefined) return;
    event.preventDefault();
    setFocus((at) => Math.min(41, Math.max(0, at + step)));
  }

  function pick(i: number) {
    if (anchor === null) return setAnchor(i);
    const [from, to] = [Math.min(anchor, i), Math.max(anchor, i)];
    setAnchor(null);
    if (days.slice(from, to + 1).some((day) => taken.has(key(day)))) return;
    onSelect?.(days[from], days[to]);
  }

  if (error) return <p role="alert">The calendar could not be loaded. Please try again in a minute.</p>;

  return (
    <div role="grid" aria-busy={isLoading} className={styles.grid} onKeyDown={onKeyDown}>
      {days.map((day, i) => {
        const booking = taken.get(key(day));
        return (
          <button
            key={key(day)}
            ref={(el) => { cells.current[i] = el; }}
            role="gridcell"
            tabIndex={i === focus ? 0 : -1}
            disabled={!!booking}
            title={booking ? `Booked: ${booking.title}` : undefined}
            className={isSameMonth(day, month) ? styles.day : styles.other}
            onClick={() => pick(i)}
          >
            {format(day, "d")}
          </button>
        );
      })}
    </div>
  );
}

const key = (day: Date) => format(day, "yyyy-MM-dd");

function index(bookings: Booking[]): Map<string, Booking> {
  const out = new Map<string, Booking>();
  for (const b of bookings) {
    for (let d = new Date(b.from); d <= new Date(b.to); d = addDays(d, 1)) out.set(key(d), b);
  }
  return out;
}
