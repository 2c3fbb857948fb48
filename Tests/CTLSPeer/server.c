#ifdef TLS
#include "peer.h"

#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

struct peer_server {
    SSL_CTX *context;
    unsigned char protocol[64];
};

struct peer_connection {
    SSL *ssl;
    BIO *in, *out;
};

static int choose_protocol(
    SSL *ssl, const unsigned char **chosen, unsigned char *count, const unsigned char *offered,
    unsigned int offered_count, void *argument) {
    (void)ssl, (void)offered, (void)offered_count;
    peer_server *server = argument;
    *chosen = server->protocol;
    *count = (unsigned char)strlen((const char *)server->protocol);
    return SSL_TLSEXT_ERR_OK;
}

peer_server *peer_server_make(const peer_server_options *options) {
    peer_server *server = calloc(1, sizeof *server);
    SSL_CTX *context = server->context = SSL_CTX_new(TLS_server_method());
    // So that it may speak what nobody should any more.
    SSL_CTX_set_security_level(context, 0);
    SSL_CTX_set_min_proto_version(context, options->minimum_version);
    SSL_CTX_set_max_proto_version(context, options->maximum_version);
    SSL_CTX_set_num_tickets(context, (size_t)options->tickets);
    SSL_CTX_set_session_id_context(context, (const unsigned char *)"peer", 4);
    SSL_CTX_use_certificate(context, options->leaf->certificate);
    SSL_CTX_use_PrivateKey(context, options->leaf->key);
    // Nothing but what is asked for is sent along.
    SSL_CTX_set_mode(context, SSL_MODE_NO_AUTO_CHAIN);
    if (options->intermediate) {
        SSL_CTX_add1_chain_cert(context, options->intermediate->certificate);
    }
    if (options->client_authority) {
        X509_STORE_add_cert(
            SSL_CTX_get_cert_store(context), options->client_authority->certificate);
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    }
    if (options->application_protocol) {
        strncpy((char *)server->protocol, options->application_protocol, 63);
        SSL_CTX_set_alpn_select_cb(context, choose_protocol, server);
    }
    return server;
}

void peer_server_free(peer_server *server) {
    SSL_CTX_free(server->context);
    free(server);
}

peer_connection *peer_accept(peer_server *server) {
    peer_connection *connection = calloc(1, sizeof *connection);
    connection->ssl = SSL_new(server->context);
    connection->in = BIO_new(BIO_s_mem());
    connection->out = BIO_new(BIO_s_mem());
    BIO_set_mem_eof_return(connection->in, -1);
    SSL_set_bio(connection->ssl, connection->in, connection->out);
    SSL_set_accept_state(connection->ssl);
    return connection;
}

void peer_connection_free(peer_connection *connection) {
    // OpenSSL forgets the session of a connection that was not shut down.
    SSL_set_shutdown(connection->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_free(connection->ssl);
    free(connection);
}

void peer_put(peer_connection *connection, const void *bytes, size_t count) {
    BIO_write(connection->in, bytes, (int)count);
}

size_t peer_take(peer_connection *connection, void *bytes, size_t room) {
    int count = BIO_read(connection->out, bytes, (int)room);
    return count > 0 ? (size_t)count : 0;
}

static peer_status status(peer_connection *connection, int result) {
    if (result == 1) return PEER_DONE;
    int code = SSL_get_error(connection->ssl, result);
    ERR_clear_error();
    if (code == SSL_ERROR_WANT_READ) return PEER_WANTS_BYTES;
    return code == SSL_ERROR_ZERO_RETURN ? PEER_CLOSED : PEER_FAILED;
}

peer_status peer_handshake(peer_connection *connection) {
    ERR_clear_error();
    return status(connection, SSL_do_handshake(connection->ssl));
}

peer_status peer_read(peer_connection *connection, void *bytes, size_t room, size_t *count) {
    ERR_clear_error();
    return status(connection, SSL_read_ex(connection->ssl, bytes, room, count));
}

peer_status peer_write(peer_connection *connection, const void *bytes, size_t count) {
    size_t written;
    ERR_clear_error();
    return status(connection, SSL_write_ex(connection->ssl, bytes, count, &written));
}

void peer_close(peer_connection *connection) {
    ERR_clear_error();
    SSL_shutdown(connection->ssl);
}

void peer_update_keys(peer_connection *connection) {
    SSL_key_update(connection->ssl, SSL_KEY_UPDATE_REQUESTED);
    peer_handshake(connection);
}

void peer_renegotiate(peer_connection *connection) {
    SSL_renegotiate(connection->ssl);
    peer_handshake(connection);
}

const char *peer_server_name(const peer_connection *connection) {
    return SSL_get_servername(connection->ssl, TLSEXT_NAMETYPE_host_name);
}

bool peer_is_resumed(const peer_connection *connection) {
    return SSL_session_reused(connection->ssl) == 1;
}

bool peer_has_client_certificate(const peer_connection *connection) {
    return SSL_get0_peer_certificate(connection->ssl) != NULL;
}
#endif
