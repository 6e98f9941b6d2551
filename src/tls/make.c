/* A certificate for who has none: tls_server_make of server.h. Nobody vouches for it; whoever wants to be sure takes its
 * pin, which stands in the log. */
#include <errno.h>
#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/addr.h"
#include "base/replace.h"
#include "tls/private.h"

#define YEAR_S (INT64_C(365) * 86400)
#define GOOD_S (10 * YEAR_S)     /* nobody renews it, and its pin is what counts */
#define EARLY_S (INT64_C(86400)) /* clients' clocks are late */
#define SERIAL_BYTES 16
#define COMMON_NAME "portafilter"

static int add_name(gnutls_x509_crt_t crt, const char *name)
{
	struct addr addr;
	if (addr_parse(name, &addr) == PF_OK)
		return gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_IPADDRESS, addr.bytes,
		                                            addr.family == 4 ? 4 : 16, GNUTLS_FSAN_APPEND);
	return gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_DNSNAME, name,
	                                            (unsigned)strlen(name), GNUTLS_FSAN_APPEND);
}

static int fill(gnutls_x509_crt_t crt, gnutls_x509_privkey_t key, const char *const *names,
                size_t count, int64_t now_s)
{
	uint8_t serial[SERIAL_BYTES], id[32];
	size_t id_length = sizeof id;
	int error = gnutls_rnd(GNUTLS_RND_NONCE, serial, sizeof serial);
	serial[0] = (serial[0] & 0x7f) | 1; /* positive */
	for (size_t i = 0; !error && i < count; i++)
		error = add_name(crt, names[i]);
	if (!error)
		error = gnutls_x509_crt_set_version(crt, 3);
	if (!error)
		error = gnutls_x509_crt_set_serial(crt, serial, sizeof serial);
	if (!error)
		error = gnutls_x509_crt_set_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0, COMMON_NAME,
		                                      sizeof COMMON_NAME - 1);
	if (!error)
		error = gnutls_x509_crt_set_activation_time(crt, (time_t)(now_s - EARLY_S));
	if (!error)
		error = gnutls_x509_crt_set_expiration_time(crt, (time_t)(now_s + GOOD_S));
	if (!error)
		error = gnutls_x509_crt_set_basic_constraints(crt, 0, -1);
	if (!error)
		error = gnutls_x509_crt_set_key_usage(crt, GNUTLS_KEY_DIGITAL_SIGNATURE);
	if (!error)
		error = gnutls_x509_crt_set_key_purpose_oid(crt, GNUTLS_KP_TLS_WWW_SERVER, 0);
	if (!error)
		error = gnutls_x509_crt_set_key(crt, key);
	if (!error)
		error = gnutls_x509_crt_get_key_id(crt, GNUTLS_KEYID_USE_SHA1, id, &id_length);
	if (!error)
		error = gnutls_x509_crt_set_subject_key_id(crt, id, id_length);
	return error ? error : gnutls_x509_crt_sign2(crt, crt, key, GNUTLS_DIG_SHA256, 0);
}

static int write_file(const char *path, mode_t mode, const gnutls_datum_t *content, char *error,
                      size_t error_size)
{
	struct replacement file;
	int result = replace_begin(&file, path, mode, TLS_FILE_BYTES_MAX);
	if (result == PF_OK)
		result = replace_write(&file, content->data, content->size);
	if (result == PF_OK)
		result = replace_commit(&file, REPLACE_SYNCED);
	if (result != PF_OK) {
		snprintf(error, error_size, "%s can not be written: %s", path, strerror(errno));
		replace_abort(&file);
	}
	return result;
}

static bool has_name(gnutls_x509_crt_t crt, const char *name)
{
	struct addr addr;
	bool is_address = addr_parse(name, &addr) == PF_OK;
	const void *bytes = is_address ? (const void *)addr.bytes : name;
	size_t wanted = !is_address ? strlen(name) : addr.family == 4 ? 4 : 16;
	for (unsigned i = 0; i < TLS_CERTIFICATE_NAMES_MAX; i++) {
		char held[TLS_NAME_MAX];
		size_t length = sizeof held;
		int kind = gnutls_x509_crt_get_subject_alt_name(crt, i, held, &length, NULL);
		if (kind == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
			return false;
		if (kind == (is_address ? GNUTLS_SAN_IPADDRESS : GNUTLS_SAN_DNSNAME) && length == wanted &&
		    !memcmp(held, bytes, length))
			return true;
	}
	return false;
}

bool tls_certificate_names(const char *certificate, const char *const *names, size_t count)
{
	gnutls_x509_crt_t crt = NULL;
	gnutls_datum_t pem = {NULL, 0};
	bool all = !gnutls_load_file(certificate, &pem) && !gnutls_x509_crt_init(&crt) &&
	           !gnutls_x509_crt_import(crt, &pem, GNUTLS_X509_FMT_PEM);
	for (size_t i = 0; all && i < count; i++)
		all = has_name(crt, names[i]);
	gnutls_free(pem.data);
	if (crt)
		gnutls_x509_crt_deinit(crt);
	return all;
}

/* The key in the file; where there is no file, a new one. */
static int take_key(gnutls_x509_privkey_t key, const char *path, bool *made)
{
	gnutls_datum_t pem = {NULL, 0};
	*made = access(path, F_OK) != 0;
	if (*made)
		return gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA,
		                                    GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0);
	int failed = gnutls_load_file(path, &pem);
	if (!failed)
		failed = gnutls_x509_privkey_import(key, &pem, GNUTLS_X509_FMT_PEM);
	if (pem.data)
		gnutls_memset(pem.data, 0, pem.size);
	gnutls_free(pem.data);
	return failed;
}

int tls_server_make(const char *certificate_path, const char *key_path, const char *const *names,
                    size_t count, int64_t now_s, char *error, size_t error_size)
{
	gnutls_x509_crt_t crt = NULL;
	gnutls_x509_privkey_t key = NULL;
	gnutls_datum_t crt_pem = {NULL, 0}, key_pem = {NULL, 0};
	int result = PF_EIO;
	bool made = false;
	int failed = gnutls_x509_crt_init(&crt);
	if (!failed)
		failed = gnutls_x509_privkey_init(&key);
	if (!failed)
		failed = take_key(key, key_path, &made);
	if (!failed)
		failed = fill(crt, key, names, count, now_s);
	if (!failed)
		failed = gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_PEM, &crt_pem);
	if (!failed)
		failed = gnutls_x509_privkey_export2(key, GNUTLS_X509_FMT_PEM, &key_pem);
	if (failed)
		snprintf(error, error_size, "a certificate can not be made: %s", gnutls_strerror(failed));
	else /* the key first: a certificate without one is of no use */
		result = made ? write_file(key_path, 0600, &key_pem, error, error_size) : PF_OK;
	if (result == PF_OK)
		result = write_file(certificate_path, 0644, &crt_pem, error, error_size);
	if (key_pem.data)
		gnutls_memset(key_pem.data, 0, key_pem.size);
	gnutls_free(key_pem.data);
	gnutls_free(crt_pem.data);
	gnutls_x509_privkey_deinit(key);
	gnutls_x509_crt_deinit(crt);
	return result;
}
