// OpenSSL takes a few small blocks from the heap for every record that it writes. A pool of such
// blocks, kept by each thread, lets a connection that is open send without the heap.
#pragma once

namespace pinstripe::net {

/// Gives OpenSSL the pool; must come before its first allocation, so TlsContext::open calls it.
/// False where OpenSSL has allocated already: everything works, sends use the heap.
bool give_openssl_a_pool() noexcept;

}  // namespace pinstripe::net
