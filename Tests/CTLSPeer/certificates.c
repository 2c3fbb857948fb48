#ifdef TLS
#include "peer.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

static bool add_extension(
    X509 *certificate, X509 *issuer, int kind, const char *text) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, kind, text);
    if (!extension) return false;
    bool done = X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return done;
}

static bool fill(
    X509 *certificate, EVP_PKEY *key, const peer_credential *issuer,
    const peer_certificate_options *options) {
    static int serial = 1;
    X509 *signer = issuer ? issuer->certificate : certificate;
    X509_set_version(certificate, X509_VERSION_3);
    ASN1_INTEGER_set(
        X509_get_serialNumber(certificate), __atomic_fetch_add(&serial, 1, __ATOMIC_RELAXED));
    X509_gmtime_adj(X509_getm_notBefore(certificate), options->not_before);
    X509_gmtime_adj(X509_getm_notAfter(certificate), options->not_after);
    X509_set_pubkey(certificate, key);
    X509_NAME_add_entry_by_txt(
        X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
        (const unsigned char *)options->common_name, -1, -1, 0);
    X509_set_issuer_name(certificate, X509_get_subject_name(signer));
    const char *basic = options->is_authority ? "critical,CA:TRUE" : "critical,CA:FALSE";
    if (!add_extension(certificate, signer, NID_basic_constraints, basic)) return false;
    if (options->names
        && !add_extension(certificate, signer, NID_subject_alt_name, options->names)) return false;
    if (options->extended_key_usage
        && !add_extension(certificate, signer, NID_ext_key_usage, options->extended_key_usage))
        return false;
    const EVP_MD *digest = EVP_get_digestbyname(options->digest ? options->digest : "SHA256");
    return digest && X509_sign(certificate, issuer ? issuer->key : key, digest) > 0;
}

peer_credential *peer_issue(
    const peer_credential *issuer, const peer_certificate_options *options) {
    peer_credential *made = calloc(1, sizeof *made);
    made->key = options->rsa_bits ? EVP_RSA_gen((unsigned int)options->rsa_bits)
                                  : EVP_EC_gen("P-256");
    made->certificate = X509_new();
    if (fill(made->certificate, made->key, issuer, options)) return made;
    peer_credential_free(made);
    return NULL;
}

void peer_credential_free(peer_credential *credential) {
    if (!credential) return;
    X509_free(credential->certificate);
    EVP_PKEY_free(credential->key);
    free(credential);
}

static char *text_of(BIO *bio) {
    char *bytes;
    long count = BIO_get_mem_data(bio, &bytes);
    char *text = strndup(bytes, (size_t)count);
    BIO_free(bio);
    return text;
}

char *peer_certificate_pem(const peer_credential *credential) {
    BIO *bio = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(bio, credential->certificate);
    return text_of(bio);
}

char *peer_key_pem(const peer_credential *credential) {
    BIO *bio = BIO_new(BIO_s_mem());
    PEM_write_bio_PrivateKey(bio, credential->key, NULL, NULL, 0, NULL, NULL);
    return text_of(bio);
}

char *peer_revocation_list_pem(
    const peer_credential *issuer, const peer_credential *revoked, long from, long until) {
    X509_CRL *list = X509_CRL_new();
    X509_CRL_set_version(list, X509_CRL_VERSION_2);
    X509_CRL_set_issuer_name(list, X509_get_subject_name(issuer->certificate));
    ASN1_TIME *time = X509_gmtime_adj(NULL, from);
    X509_CRL_set1_lastUpdate(list, time);
    X509_gmtime_adj(time, until);
    X509_CRL_set1_nextUpdate(list, time);
    if (revoked) {
        X509_REVOKED *entry = X509_REVOKED_new();
        X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(revoked->certificate));
        X509_gmtime_adj(time, from);
        X509_REVOKED_set_revocationDate(entry, time);
        X509_CRL_add0_revoked(list, entry);
    }
    ASN1_TIME_free(time);
    X509_CRL_sort(list);
    X509_CRL_sign(list, issuer->key, EVP_sha256());
    BIO *bio = BIO_new(BIO_s_mem());
    PEM_write_bio_X509_CRL(bio, list);
    X509_CRL_free(list);
    return text_of(bio);
}

void peer_key_digest(const peer_credential *credential, uint8_t *digest) {
    unsigned char *encoded = NULL;
    int count = i2d_PUBKEY(credential->key, &encoded);
    EVP_Digest(encoded, (size_t)count, digest, NULL, EVP_sha256(), NULL);
    OPENSSL_free(encoded);
}
#endif
