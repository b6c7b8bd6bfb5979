//! Rule files: schema, parser, lint.
