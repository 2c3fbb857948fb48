#define _GNU_SOURCE
#include "server.h"

#include <errno.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

struct ssl_ctx_st *tls_context(const char *pem)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    if (context == NULL || SSL_CTX_use_certificate_chain_file(context, pem) != 1
        || SSL_CTX_use_PrivateKey_file(context, pem, SSL_FILETYPE_PEM) != 1) {
        fprintf(stderr, "%s: not a certificate and its key\n", pem);
        exit(1);
    }
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE
                              | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_session_id_context(context, (const unsigned char *)"bench", 5);
    return context;
}

bool tls_accept(struct connection *connection, struct ssl_ctx_st *context)
{
    connection->ssl = SSL_new(context);
    if (connection->ssl == NULL || SSL_set_fd(connection->ssl, connection->fd) != 1)
        return false;
    SSL_set_accept_state(connection->ssl);
    return true;
}

void tls_close(struct connection *connection)
{
    if (connection->ssl != NULL) {
        SSL_shutdown(connection->ssl);
        SSL_free(connection->ssl);
    }
    connection->ssl = NULL;
}

// The result of SSL_read or SSL_write as recv(2) and send(2) would have it.
static ssize_t outcome(SSL *ssl, int result)
{
    if (result > 0)
        return result;
    int error = SSL_get_error(ssl, result);
    if (error == SSL_ERROR_ZERO_RETURN)
        return 0;
    errno = error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? EAGAIN : EPIPE;
    return -1;
}

ssize_t connection_receive(struct connection *connection, void *bytes, size_t room)
{
    if (connection->ssl == NULL)
        return recv(connection->fd, bytes, room, 0);
    return outcome(connection->ssl, SSL_read(connection->ssl, bytes, (int)room));
}

ssize_t connection_send(struct connection *connection, const void *bytes, size_t length)
{
    if (connection->ssl == NULL)
        return send(connection->fd, bytes, length, MSG_NOSIGNAL);
    return outcome(connection->ssl, SSL_write(connection->ssl, bytes, (int)length));
}
