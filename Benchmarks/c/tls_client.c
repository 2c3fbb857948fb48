// What the timed jobs of TLS cost in plain C: OpenSSL on a blocking socket.

#define _GNU_SOURCE
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "http.h"
#include "job.h"

struct client {
    SSL_CTX *context;
    SSL_SESSION *session;      // to resume
    bool resumes;
    char host[64];
    struct endpoint endpoint;
    char request[REQUEST_CAPACITY];
    size_t length;
};

static char buffer[RECEIVE_CAPACITY];
static struct client client;
static struct scanner scanner;

static void die_of_tls(const char *what)
{
    fprintf(stderr, "%s\n", what);
    ERR_print_errors_fp(stderr);
    exit(1);
}

static int keep_session(SSL *ssl, SSL_SESSION *session)
{
    (void)ssl;
    SSL_SESSION_free(client.session);
    client.session = session;
    return 1;
}

static void prepare(const struct options *options)
{
    client.resumes = options->resumes;
    client.endpoint = http_prepare(options->url, options->body, client.request, &client.length);
    if (sscanf(options->url, "https://%63[^:/]", client.host) != 1)
        die("the URL has to be https://ADDRESS[:PORT]/PATH");
    client.context = SSL_CTX_new(TLS_client_method());
    if (options->authority == NULL || client.context == NULL
        || SSL_CTX_load_verify_file(client.context, options->authority) != 1)
        die_of_tls("--cacert FILE");
    SSL_CTX_set_verify(client.context, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_mode(client.context, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_alpn_protos(client.context, (const unsigned char *)"\x08http/1.1", 9);
    SSL_CTX_set_session_cache_mode(
        client.context, client.resumes
        ? SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL : SSL_SESS_CACHE_OFF);
    if (client.resumes)
        SSL_CTX_sess_set_new_cb(client.context, keep_session);
}

static SSL *secure(int fd)
{
    SSL *ssl = SSL_new(client.context);
    if (ssl == NULL || SSL_set_fd(ssl, fd) != 1
        || X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), client.host) != 1)
        die_of_tls("no connection could be made");
    if (client.resumes && client.session != NULL) {
        SSL_set_session(ssl, client.session);
        SSL_SESSION_free(client.session);   // once each
        client.session = NULL;
    }
    if (SSL_connect(ssl) != 1)
        die_of_tls("no handshake");
    return ssl;
}

static size_t read_some(SSL *ssl, char *bytes, size_t room)
{
    size_t count = 0;
    if (SSL_read_ex(ssl, bytes, room, &count) != 1)
        die_of_tls("the server closed early");
    return count;
}

static struct response_head ask(SSL *ssl, size_t *filled)
{
    struct response_head head;
    size_t written;
    if (SSL_write_ex(ssl, client.request, client.length, &written) != 1)
        die_of_tls("could not send");
    for (*filled = 0; !read_head(buffer, *filled, &head);)
        *filled += read_some(ssl, buffer + *filled, RECEIVE_CAPACITY - *filled);
    if (head.status != 200)
        die("not a 200 response");
    return head;
}

static size_t small_exchange(SSL *ssl)
{
    size_t filled;
    struct response_head head = ask(ssl, &filled);
    if (head.content_length < 0 || head.content_length > 4096)
        die("this job needs a short response with a Content-Length");
    while (filled < head.length + (size_t)head.content_length)
        filled += read_some(ssl, buffer + filled, RECEIVE_CAPACITY - filled);
    return (size_t)head.content_length;
}

static void leave(SSL *ssl, int fd)
{
    SSL_shutdown(ssl);
    SSL_free(ssl);
    close(fd);
}

static void firehose(const struct options *options, struct result *result)
{
    struct dechunker dechunker = {0};
    size_t filled;
    int fd = http_connect(&client.endpoint);
    SSL *ssl = secure(fd);
    struct response_head head = ask(ssl, &filled);
    if (!head.chunked)
        die("this job needs a chunked response");
    scanner.take = options->take;
    scanner.format = head.format;
    for (size_t start = head.length;; start = 0) {
        dechunk(&dechunker, buffer + start, filled - start, &scanner);
        if (dechunker.state == CHUNK_DONE)
            break;
        filled = read_some(ssl, buffer, RECEIVE_CAPACITY);
    }
    if (!scanner_end(&scanner))
        die(scanner.error);
    leave(ssl, fd);
    result->units = scanner.units;
    result->bytes = scanner.bytes;
}

static void handshakes(const struct options *options, struct result *result)
{
    for (uint32_t i = 0; i < options->times; i++) {
        int fd = http_connect(&client.endpoint);
        SSL *ssl = secure(fd);
        result->bytes += small_exchange(ssl);
        if (client.resumes && i > 0 && !SSL_session_reused(ssl))
            die("not resumed");
        leave(ssl, fd);
        result->units++;
    }
}

static void idle(const struct options *options, struct result *result)
{
    uint64_t before = 0;
    SSL **all = calloc(options->connections, sizeof(SSL *));
    if (all == NULL)
        die("out of memory");
    for (uint32_t i = 0; i < options->connections; i++) {
        all[i] = secure(http_connect(&client.endpoint));
        small_exchange(all[i]);
        if (i == 0)
            before = resident_kib();
    }
    // What every connection but the first has added.
    result->units = options->connections - 1;
    result->bytes = (resident_kib() - before) * 1024;
}

int main(int count, char **arguments)
{
    struct options options = options_read(count, arguments);
    struct result result = {0};
    signal(SIGPIPE, SIG_IGN);
    result.started_s = now_s();
    prepare(&options);
    if (strcmp(options.job, "firehose") == 0)
        firehose(&options, &result);
    else if (strcmp(options.job, "handshakes") == 0)
        handshakes(&options, &result);
    else if (strcmp(options.job, "idle") == 0)
        idle(&options, &result);
    else
        die("unknown job");
    result.ended_s = now_s();
    report(&options, "raw-c-tls", &result);
    return 0;
}
