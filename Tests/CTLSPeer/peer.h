#ifndef PEER_H
#define PEER_H

#include "tls_peer.h"

#include <openssl/ssl.h>

struct peer_credential {
    X509 *certificate;
    EVP_PKEY *key;
};

#endif
