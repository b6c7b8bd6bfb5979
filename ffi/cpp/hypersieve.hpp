// Hypersieve for C++17: handles that free themselves, and exceptions for failures.
//
// Copy it beside your sources; it needs nothing but hypersieve.h. An exception means: treat the text as blocked.

#ifndef HYPERSIEVE_HPP
#define HYPERSIEVE_HPP

#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hypersieve.h"

namespace hypersieve {

// A call that failed.
class Error : public std::runtime_error {
public:
    Error(hypersieve_status status, const std::string &message) : std::runtime_error(message), status_(status) {}

    hypersieve_status status() const noexcept { return status_; }

private:
    hypersieve_status status_;
};

// The library's text as C++ has it; good for as long as what it was taken from.
inline std::string_view view(hypersieve_text text) { return {text.data, text.len}; }

namespace detail {

struct Free {
    void operator()(hypersieve_database *p) const noexcept { hypersieve_database_free(p); }
    void operator()(hypersieve_policy *p) const noexcept { hypersieve_policy_free(p); }
    void operator()(hypersieve_scanner *p) const noexcept { hypersieve_scanner_free(p); }
    void operator()(hypersieve_cache *p) const noexcept { hypersieve_cache_free(p); }
    void operator()(hypersieve_stream *p) const noexcept { hypersieve_stream_free(p); }
    void operator()(hypersieve_buffer *p) const noexcept { hypersieve_buffer_free(p); }
    void operator()(hypersieve_error *p) const noexcept { hypersieve_error_free(p); }
};

template <typename T> using Handle = std::unique_ptr<T, Free>;

// Throws what a call tells in its error.
template <typename Call> void check(Call call)
{
    hypersieve_error *told = nullptr;
    const hypersieve_status status = call(&told);
    const Handle<hypersieve_error> error(told);
    if (status != HYPERSIEVE_STATUS_OK)
        throw Error(status, error ? std::string(view(hypersieve_error_message(error.get())))
                                  : std::string(hypersieve_status_name(status)));
}

// A handle that a call makes.
template <typename T, typename Call> Handle<T> make(Call call)
{
    T *made = nullptr;
    check([&](hypersieve_error **error) { return call(&made, error); });
    return Handle<T>(made);
}

inline const uint8_t *bytes(std::string_view text) { return reinterpret_cast<const uint8_t *>(text.data()); }

} // namespace detail

// Rules compiled into one matcher; any number of threads may share one.
class Database {
public:
    static Database builtin()
    {
        return Database(detail::make<hypersieve_database>(hypersieve_database_builtin));
    }

    // `flags`: 0 or HYPERSIEVE_RULES_WITH_BUILTIN.
    static Database from_yaml(std::string_view yaml, std::string_view name = "rules", uint32_t flags = 0)
    {
        return Database(detail::make<hypersieve_database>([&](auto made, auto error) {
            return hypersieve_database_from_yaml(yaml.data(), yaml.size(), name.data(), name.size(), flags, made, error);
        }));
    }

    static Database from_path(std::string_view path, uint32_t flags = 0)
    {
        return Database(detail::make<hypersieve_database>([&](auto made, auto error) {
            return hypersieve_database_from_path(path.data(), path.size(), flags, made, error);
        }));
    }

    static Database from_bytes(std::string_view bytes)
    {
        return Database(detail::make<hypersieve_database>([&](auto made, auto error) {
            return hypersieve_database_from_bytes(detail::bytes(bytes), bytes.size(), made, error);
        }));
    }

    std::string to_bytes() const
    {
        return take(detail::make<hypersieve_buffer>([&](auto made, auto error) {
            return hypersieve_database_to_bytes(get(), made, error);
        }));
    }

    // The text as it may be printed, with its secrets masked.
    std::string redact(std::string_view text) const
    {
        return take(detail::make<hypersieve_buffer>([&](auto made, auto error) {
            return hypersieve_redact(get(), detail::bytes(text), text.size(), 0, text.size(), made, error);
        }));
    }

    const hypersieve_database *get() const noexcept { return handle_.get(); }

private:
    explicit Database(detail::Handle<hypersieve_database> handle) : handle_(std::move(handle)) {}

    static std::string take(detail::Handle<hypersieve_buffer> buffer)
    {
        const uint8_t *data = nullptr;
        size_t len = 0;
        detail::check([&](auto) { return hypersieve_buffer_bytes(buffer.get(), &data, &len); });
        return {reinterpret_cast<const char *>(data), len};
    }

    detail::Handle<hypersieve_database> handle_;
};

// What is done about which findings.
class Policy {
public:
    Policy() : handle_(detail::make<hypersieve_policy>(hypersieve_policy_new)) {}

    static Policy from_json(std::string_view json)
    {
        return Policy(detail::make<hypersieve_policy>([&](auto made, auto error) {
            return hypersieve_policy_from_json(json.data(), json.size(), made, error);
        }));
    }

    Policy &rule_action(std::string_view id, hypersieve_action action)
    {
        detail::check([&](auto error) {
            return hypersieve_policy_rule_action(handle_.get(), id.data(), id.size(), action, error);
        });
        return *this;
    }

    Policy &block_category(std::string_view category)
    {
        detail::check([&](auto error) {
            return hypersieve_policy_block_category(handle_.get(), category.data(), category.size(), error);
        });
        return *this;
    }

    Policy &disable(std::string_view id)
    {
        detail::check([&](auto error) {
            return hypersieve_policy_disable(handle_.get(), id.data(), id.size(), error);
        });
        return *this;
    }

    Policy &min_severity(hypersieve_severity severity)
    {
        detail::check(
            [&](auto error) { return hypersieve_policy_min_severity(handle_.get(), severity, error); });
        return *this;
    }

    const hypersieve_policy *get() const noexcept { return handle_.get(); }

private:
    explicit Policy(detail::Handle<hypersieve_policy> handle) : handle_(std::move(handle)) {}

    detail::Handle<hypersieve_policy> handle_;
};

// A text that arrives in pieces; one thread at a time.
class Stream {
public:
    hypersieve_progress push(std::string_view bytes)
    {
        hypersieve_progress progress;
        detail::check([&](auto error) {
            return hypersieve_stream_push(handle_.get(), detail::bytes(bytes), bytes.size(), &progress, error);
        });
        rethrow();
        return progress;
    }

    // Judges what is pending as if the text ended here, and clears it.
    hypersieve_progress boundary()
    {
        hypersieve_progress progress;
        detail::check([&](auto error) { return hypersieve_stream_boundary(handle_.get(), &progress, error); });
        rethrow();
        return progress;
    }

    // Calls `listener` for each finding as soon as it is certain. What it throws comes out of the call that found it.
    void on_finding(std::function<void(const hypersieve_finding &)> listener)
    {
        listener_ = std::make_unique<Listener>(Listener{std::move(listener), nullptr});
        detail::check([&](auto error) {
            return hypersieve_stream_on_finding(handle_.get(), &Stream::tell, listener_.get(), error);
        });
    }

    // The verdict lives as long as the stream.
    const hypersieve_verdict &finish()
    {
        const hypersieve_verdict *verdict = nullptr;
        detail::check([&](auto error) { return hypersieve_stream_finish(handle_.get(), &verdict, error); });
        rethrow();
        return *verdict;
    }

private:
    friend class Scanner;

    struct Listener {
        std::function<void(const hypersieve_finding &)> call;
        std::exception_ptr thrown;
    };

    explicit Stream(detail::Handle<hypersieve_stream> handle) : handle_(std::move(handle)) {}

    // Nothing may be thrown through the library.
    static void tell(const hypersieve_finding *finding, void *context) noexcept
    {
        auto *listener = static_cast<Listener *>(context);
        if (listener->thrown)
            return;
        try {
            listener->call(*finding);
        } catch (...) {
            listener->thrown = std::current_exception();
        }
    }

    void rethrow()
    {
        if (listener_ && listener_->thrown)
            std::rethrow_exception(std::exchange(listener_->thrown, nullptr));
    }

    std::unique_ptr<Listener> listener_;
    detail::Handle<hypersieve_stream> handle_;
};

// A database with a policy; any number of threads may share one.
class Scanner {
public:
    explicit Scanner(const Database &database) : Scanner(database, nullptr) {}
    Scanner(const Database &database, const Policy &policy) : Scanner(database, policy.get()) {}

    Stream stream(hypersieve_channel channel) const
    {
        return Stream(detail::make<hypersieve_stream>([&](auto made, auto error) {
            return hypersieve_stream_open(get(), channel, made, error);
        }));
    }

    const hypersieve_scanner *get() const noexcept { return handle_.get(); }

private:
    Scanner(const Database &database, const hypersieve_policy *policy)
        : handle_(detail::make<hypersieve_scanner>([&](auto made, auto error) {
              return hypersieve_scanner_new(database.get(), policy, made, error);
          }))
    {
    }

    detail::Handle<hypersieve_scanner> handle_;
};

// Working memory and the last verdicts; one for each thread.
class Cache {
public:
    explicit Cache(const Scanner &scanner)
        : handle_(detail::make<hypersieve_cache>(
              [&](auto made, auto error) { return hypersieve_cache_new(scanner.get(), made, error); }))
    {
    }

    // The verdict lives until the next scan with this cache.
    const hypersieve_verdict &scan(const Scanner &scanner, std::string_view text, hypersieve_channel channel)
    {
        const hypersieve_verdict *verdict = nullptr;
        detail::check([&](auto error) {
            return hypersieve_scan(scanner.get(), handle_.get(), detail::bytes(text), text.size(), channel, &verdict,
                                   error);
        });
        return *verdict;
    }

    // As many verdicts as items; they live until the next scan with this cache.
    const hypersieve_verdict *scan(const Scanner &scanner, const std::vector<hypersieve_item> &items)
    {
        const hypersieve_verdict *verdicts = nullptr;
        detail::check([&](auto error) {
            return hypersieve_scan_batch(scanner.get(), handle_.get(), items.data(), items.size(), &verdicts, error);
        });
        return verdicts;
    }

private:
    detail::Handle<hypersieve_cache> handle_;
};

} // namespace hypersieve

#endif
