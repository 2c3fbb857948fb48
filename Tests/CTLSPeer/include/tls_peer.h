// The other side of a TLS connection for tests: certificates made as asked for, and OpenSSL's own
// server over memory. Empty without the package trait TLS.
#ifndef TLS_PEER_H
#define TLS_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// A certificate and its key.
typedef struct peer_credential peer_credential;

typedef struct {
    const char *common_name;
    /// OpenSSL's syntax, `DNS:a.test,IP:192.0.2.1` or `DER:30...`; NULL: none.
    const char *names;
    /// NULL: none.
    const char *extended_key_usage;
    /// Seconds from now.
    long not_before, not_after;
    bool is_authority;
    /// An RSA key of so many bits; 0: one on the curve P-256.
    int rsa_bits;
    /// Signed with the digest of this name; NULL: SHA256.
    const char *digest;
} peer_certificate_options;

/// NULL where OpenSSL refuses the options. `issuer` NULL: self-signed.
peer_credential *peer_issue(const peer_credential *issuer, const peer_certificate_options *options);
void peer_credential_free(peer_credential *credential);
/// PEM text, to be freed by the caller.
char *peer_certificate_pem(const peer_credential *credential);
char *peer_key_pem(const peer_credential *credential);
/// A list of what `issuer` has revoked, in force from `from` to `until` (seconds from now): PEM text, to
/// be freed by the caller. `revoked` NULL: nothing.
char *peer_revocation_list_pem(
    const peer_credential *issuer, const peer_credential *revoked, long from, long until);
/// SHA-256 of the SubjectPublicKeyInfo: 32 bytes.
void peer_key_digest(const peer_credential *credential, uint8_t *digest);

typedef struct peer_server peer_server;

typedef struct {
    const peer_credential *leaf;
    /// Sent behind the leaf; NULL: nothing.
    const peer_credential *intermediate;
    /// Whoever comes without a certificate by this authority is turned away; NULL: none is asked for.
    const peer_credential *client_authority;
    /// Chosen whatever is offered; NULL: nothing is chosen.
    const char *application_protocol;
    /// 0x0302 (TLS 1.1) to 0x0304 (TLS 1.3).
    int minimum_version, maximum_version;
    /// Session tickets per TLS 1.3 connection.
    int tickets;
} peer_server_options;

peer_server *peer_server_make(const peer_server_options *options);
void peer_server_free(peer_server *server);

typedef struct peer_connection peer_connection;

typedef enum { PEER_DONE, PEER_WANTS_BYTES, PEER_CLOSED, PEER_FAILED } peer_status;

peer_connection *peer_accept(peer_server *server);
void peer_connection_free(peer_connection *connection);
/// Bytes from the client, and for it: `peer_take` returns how many it wrote.
void peer_put(peer_connection *connection, const void *bytes, size_t count);
size_t peer_take(peer_connection *connection, void *bytes, size_t room);
peer_status peer_handshake(peer_connection *connection);
/// `count` says how many bytes were read, or are to be written.
peer_status peer_read(peer_connection *connection, void *bytes, size_t room, size_t *count);
peer_status peer_write(peer_connection *connection, const void *bytes, size_t count);
void peer_close(peer_connection *connection);
/// TLS 1.3: changes keys and asks the client to do the same.
void peer_update_keys(peer_connection *connection);
/// TLS 1.2: asks for another handshake.
void peer_renegotiate(peer_connection *connection);
/// What the client sent as SNI; NULL: nothing.
const char *peer_server_name(const peer_connection *connection);
bool peer_is_resumed(const peer_connection *connection);
bool peer_has_client_certificate(const peer_connection *connection);

#endif
