/* libngtcp2 as both ends use it, see drive.h. */
#include "quic/drive.h"

#include "quic/frames.h"

#define ALERT_NO_APPLICATION_PROTOCOL 120 /* RFC 7301 */

static bool is_of_stream(int error)
{
	return error == NGTCP2_ERR_STREAM_DATA_BLOCKED || error == NGTCP2_ERR_STREAM_SHUT_WR ||
	       error == NGTCP2_ERR_STREAM_NOT_FOUND;
}

/* So much of it has been written, with its end if that was all; less than 0: nothing can be. */
static void note_written(struct quic_out *out, ngtcp2_ssize length)
{
	if (length >= 0) {
		out->sent += (size_t)length;
		out->done = out->sent == out->length;
	} else {
		out->blocked = true;
	}
}

ngtcp2_ssize quic_write(ngtcp2_conn *quic, ngtcp2_path *path, uint8_t slot[QUIC_DATAGRAM_BYTES],
                        struct quic_out *(*next)(void *data), void *data, ngtcp2_tstamp at)
{
	ngtcp2_pkt_info info;
	for (;;) {
		struct quic_out *out = next(data);
		ngtcp2_vec rest = {NULL, 0};
		ngtcp2_ssize taken = -1;
		if (out)
			rest = (ngtcp2_vec){out->bytes + out->sent, out->length - out->sent};
		ngtcp2_ssize length =
			ngtcp2_conn_writev_stream(quic, path, &info, slot, QUIC_DATAGRAM_BYTES, &taken,
		                              out ? NGTCP2_WRITE_STREAM_FLAG_FIN |
		                                        NGTCP2_WRITE_STREAM_FLAG_MORE
		                                  : NGTCP2_WRITE_STREAM_FLAG_NONE,
		                              out ? out->stream : -1, &rest, out ? 1 : 0, at);
		if (out && (taken >= 0 || is_of_stream((int)length)))
			note_written(out, taken);
		if (length >= 0 || (length != NGTCP2_ERR_WRITE_MORE && !is_of_stream((int)length)))
			return length;
	}
}

bool quic_farewell(ngtcp2_conn *quic, int reason, enum doq_error broken,
                   ngtcp2_connection_close_error *error)
{
	if (reason == NGTCP2_ERR_DRAINING || reason == NGTCP2_ERR_DROP_CONN ||
	    reason == NGTCP2_ERR_CLOSING || reason == NGTCP2_ERR_RETRY ||
	    reason == NGTCP2_ERR_IDLE_CLOSE || reason == NGTCP2_ERR_HANDSHAKE_TIMEOUT)
		return false;
	uint8_t alert = ngtcp2_conn_get_tls_alert(quic);
	if (broken)
		ngtcp2_connection_close_error_set_application_error(error, broken, NULL, 0);
	else if (alert)
		ngtcp2_connection_close_error_set_transport_error_tls_alert(error, alert, NULL, 0);
	else
		ngtcp2_connection_close_error_set_transport_error_liberr(error, reason, NULL, 0);
	return true;
}

uint64_t quic_wait_ms(ngtcp2_conn *quic, ngtcp2_tstamp limit, struct now now)
{
	ngtcp2_tstamp at = ngtcp2_conn_get_expiry(quic);
	if (limit < at)
		at = limit;
	uint64_t wait = at > quic_stamp(now) ? at - quic_stamp(now) : 0;
	return wait / QUIC_NS_PER_MS + (wait % QUIC_NS_PER_MS != 0);
}

static int decrypt_tame(uint8_t *out, const ngtcp2_crypto_aead *aead,
                        const ngtcp2_crypto_aead_ctx *key, const uint8_t *secret, size_t length,
                        const uint8_t *nonce, size_t nonce_length, const uint8_t *header,
                        size_t header_length, uint8_t retire_max)
{
	int error = ngtcp2_crypto_decrypt_cb(out, aead, key, secret, length, nonce, nonce_length,
	                                     header, header_length);
	if (!error)
		quic_frames_tame(out, length - aead->max_overhead, retire_max);
	return error;
}

static int decrypt(uint8_t *out, const ngtcp2_crypto_aead *aead, const ngtcp2_crypto_aead_ctx *key,
                   const uint8_t *secret, size_t length, const uint8_t *nonce, size_t nonce_length,
                   const uint8_t *header, size_t header_length)
{
	return decrypt_tame(out, aead, key, secret, length, nonce, nonce_length, header, header_length,
	                    1);
}

static int decrypt_of_mover(uint8_t *out, const ngtcp2_crypto_aead *aead,
                            const ngtcp2_crypto_aead_ctx *key, const uint8_t *secret, size_t length,
                            const uint8_t *nonce, size_t nonce_length, const uint8_t *header,
                            size_t header_length)
{
	return decrypt_tame(out, aead, key, secret, length, nonce, nonce_length, header, header_length,
	                    0);
}

void quic_call_crypto(ngtcp2_callbacks *callbacks)
{
	callbacks->recv_crypto_data = ngtcp2_crypto_recv_crypto_data_cb;
	callbacks->encrypt = ngtcp2_crypto_encrypt_cb;
	callbacks->decrypt = decrypt;
	callbacks->hp_mask = ngtcp2_crypto_hp_mask_cb;
	callbacks->update_key = ngtcp2_crypto_update_key_cb;
	callbacks->delete_crypto_aead_ctx = ngtcp2_crypto_delete_crypto_aead_ctx_cb;
	callbacks->delete_crypto_cipher_ctx = ngtcp2_crypto_delete_crypto_cipher_ctx_cb;
	callbacks->get_path_challenge_data = ngtcp2_crypto_get_path_challenge_data_cb;
	callbacks->version_negotiation = ngtcp2_crypto_version_negotiation_cb;
}

int quic_check_application(ngtcp2_conn *quic, const struct tls_quic *tls)
{
	if (tls_quic_is_agreed(tls))
		return 0;
	ngtcp2_conn_set_tls_alert(quic, ALERT_NO_APPLICATION_PROTOCOL);
	return NGTCP2_ERR_CALLBACK_FAILURE;
}

void quic_call_mover(ngtcp2_callbacks *callbacks)
{
	callbacks->decrypt = decrypt_of_mover;
}
