/* quic_server BEHAVIOUR CERTIFICATE KEY
 * A server of DNS over QUIC for tests, that does with each query what none should. It says its port, then a line for each connection
 * (`connection`), query (`query HEX`), stream that the client gave up (`given CODE`), and end that the client has told (`closed CODE`).
 *   good       answers NOERROR, without records; one: the same, and allows one stream a connection
 *   half, long, twice, numbered, empty   an end too early, bytes behind the message, two messages, an id, no header
 *   reset      gives the stream up; close: ends the connection in the middle of the answer; mute: says nothing
 *   endless    begins the longest message and does not end it */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <gnutls/gnutls.h>
#include <ngtcp2/ngtcp2.h>
#include <ngtcp2/ngtcp2_crypto.h>
#include <ngtcp2/ngtcp2_crypto_gnutls.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "quic_random.h"

#define CONNECTIONS_MAX 64
#define STREAMS_MAX 64
#define QUERY_BYTES 2048
#define OUT_BYTES 4096
#define ID_BYTES 8
#define DATAGRAM_BYTES 1200
#define ERROR_INTERNAL 1
#define PRIORITY                                                        \
	"NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+AES-128-GCM:-GROUP-ALL" \
	":+GROUP-SECP256R1:+GROUP-X25519:%DISABLE_TLS13_COMPAT_MODE"

struct stream {
	int64_t id;
	uint8_t in[QUERY_BYTES], out[OUT_BYTES];
	size_t in_length, out_length, out_sent;
	bool whole, end, done, given_up;
};

struct connection {
	ngtcp2_crypto_conn_ref reference;
	ngtcp2_conn *quic;
	gnutls_session_t tls;
	struct sockaddr_in remote;
	struct stream streams[STREAMS_MAX];
	size_t stream_count;
	bool closing; /* with an error, once the bytes have left */
};

struct server {
	int fd;
	struct sockaddr_in local;
	gnutls_certificate_credentials_t credentials;
	gnutls_datum_t ticket_key;
	const char *behaviour;
	struct connection *connections[CONNECTIONS_MAX];
	size_t connection_count;
};

static struct server server;

static void die(const char *what)
{
	fprintf(stderr, "quic_server: %s: %s\n", what, strerror(errno));
	exit(2);
}

static bool is(const char *behaviour)
{
	return !strcmp(server.behaviour, behaviour);
}

static ngtcp2_tstamp now(void)
{
	struct timespec at;
	clock_gettime(CLOCK_MONOTONIC, &at);
	return (ngtcp2_tstamp)at.tv_sec * 1000000000u + (ngtcp2_tstamp)at.tv_nsec;
}

/* ---- what it does with a query ----------------------------------------------------------- */

static void put(struct stream *stream, const uint8_t *bytes, size_t length)
{
	memcpy(stream->out + stream->out_length, bytes, length);
	stream->out_length += length;
}

static void put_length(struct stream *stream, size_t length)
{
	put(stream, (const uint8_t[]){(uint8_t)(length >> 8), (uint8_t)length}, 2);
}

static void behave(struct connection *connection, struct stream *stream)
{
	uint8_t *message = stream->in + 2;
	size_t length = 12; /* header and question, and nothing else */
	while (length < stream->in_length - 2 && message[length])
		length += message[length] + 1u;
	length += 5;
	message[2] |= 0x80;
	memset(message + 6, 0, 6);
	stream->end = true;
	if (is("mute")) {
		stream->end = false;
	} else if (is("reset")) {
		stream->given_up = true;
		ngtcp2_conn_shutdown_stream(connection->quic, stream->id, ERROR_INTERNAL);
	} else if (is("empty")) {
		put_length(stream, 2);
		put(stream, message, 2);
	} else {
		bool part = is("half") || is("close");
		message[1] = is("numbered");
		put_length(stream, is("endless") ? 65535 : length);
		put(stream, message, part ? length / 2 : length);
		if (is("twice"))
			put_length(stream, length);
		if (is("twice") || is("long"))
			put(stream, message, length);
		connection->closing = is("close");
		stream->end = !is("close") && !is("endless");
	}
}

/* ---- what libngtcp2 tells ---------------------------------------------------------------- */

static ngtcp2_conn *get_quic(ngtcp2_crypto_conn_ref *reference)
{
	return ((struct connection *)reference->user_data)->quic;
}

static int on_handshake(ngtcp2_conn *quic, void *data)
{
	(void)quic;
	(void)!gnutls_session_ticket_send(((struct connection *)data)->tls, 1, 0);
	return 0;
}

static int on_open(ngtcp2_conn *quic, int64_t id, void *data)
{
	struct connection *connection = data;
	if (connection->stream_count == STREAMS_MAX)
		return NGTCP2_ERR_CALLBACK_FAILURE;
	struct stream *stream = &connection->streams[connection->stream_count++];
	stream->id = id;
	return ngtcp2_conn_set_stream_user_data(quic, id, stream);
}

static int on_data(ngtcp2_conn *quic, uint32_t flags, int64_t id, uint64_t offset,
                   const uint8_t *bytes, size_t length, void *data, void *stream_data)
{
	(void)quic, (void)id, (void)offset, (void)data;
	struct stream *stream = stream_data;
	if (stream->in_length + length > QUERY_BYTES)
		return NGTCP2_ERR_CALLBACK_FAILURE;
	memcpy(stream->in + stream->in_length, bytes, length);
	stream->in_length += length;
	stream->whole = flags & NGTCP2_STREAM_DATA_FLAG_FIN;
	return 0;
}

static int on_close(ngtcp2_conn *quic, uint32_t flags, int64_t id, uint64_t code, void *data,
                    void *stream_data)
{
	(void)quic, (void)id, (void)data;
	((struct stream *)stream_data)->given_up = true;
	if (flags & NGTCP2_STREAM_CLOSE_FLAG_APP_ERROR_CODE_SET)
		printf("given %llu\n", (unsigned long long)code);
	return 0;
}

static const ngtcp2_callbacks callbacks = {
	.recv_client_initial = ngtcp2_crypto_recv_client_initial_cb,
	.recv_crypto_data = ngtcp2_crypto_recv_crypto_data_cb,
	.handshake_completed = on_handshake,
	.encrypt = ngtcp2_crypto_encrypt_cb,
	.decrypt = ngtcp2_crypto_decrypt_cb,
	.hp_mask = ngtcp2_crypto_hp_mask_cb,
	.recv_stream_data = on_data,
	.stream_open = on_open,
	.rand = fill_random,
	.get_new_connection_id = new_id,
	.update_key = ngtcp2_crypto_update_key_cb,
	.delete_crypto_aead_ctx = ngtcp2_crypto_delete_crypto_aead_ctx_cb,
	.delete_crypto_cipher_ctx = ngtcp2_crypto_delete_crypto_cipher_ctx_cb,
	.get_path_challenge_data = ngtcp2_crypto_get_path_challenge_data_cb,
	.stream_close = on_close,
	.version_negotiation = ngtcp2_crypto_version_negotiation_cb,
};

/* ---- life -------------------------------------------------------------------------------- */

static ngtcp2_path path_to(struct connection *connection)
{
	return (
		ngtcp2_path){.local = {(struct sockaddr *)&server.local, sizeof server.local},
	                 .remote = {(struct sockaddr *)&connection->remote, sizeof connection->remote}};
}

static void start_tls(struct connection *connection)
{
	gnutls_datum_t alpn = {(unsigned char *)(uintptr_t) "doq", 3};
	if (gnutls_init(&connection->tls,
	                GNUTLS_SERVER | GNUTLS_NO_AUTO_SEND_TICKET | GNUTLS_NO_END_OF_EARLY_DATA) ||
	    gnutls_priority_set_direct(connection->tls, PRIORITY, NULL) ||
	    gnutls_credentials_set(connection->tls, GNUTLS_CRD_CERTIFICATE, server.credentials) ||
	    gnutls_session_ticket_enable_server(connection->tls, &server.ticket_key) ||
	    gnutls_alpn_set_protocols(connection->tls, &alpn, 1, 0) ||
	    ngtcp2_crypto_gnutls_configure_server_session(connection->tls))
		die("gnutls");
	gnutls_session_set_ptr(connection->tls, &connection->reference);
}

static struct connection *accept_new(const struct sockaddr_in *remote, const uint8_t *bytes,
                                     size_t length)
{
	ngtcp2_pkt_hd header;
	ngtcp2_settings settings;
	ngtcp2_transport_params params;
	ngtcp2_cid id = {.datalen = ID_BYTES};
	if (ngtcp2_accept(&header, bytes, length) || server.connection_count == CONNECTIONS_MAX)
		return NULL;
	struct connection *connection = calloc(1, sizeof *connection);
	if (!connection)
		die("calloc");
	connection->remote = *remote;
	connection->reference = (ngtcp2_crypto_conn_ref){.get_conn = get_quic, .user_data = connection};
	start_tls(connection);
	(void)!getrandom(id.data, id.datalen, 0);
	ngtcp2_settings_default(&settings);
	settings.initial_ts = now();
	ngtcp2_transport_params_default(&params);
	params.initial_max_stream_data_bidi_remote = QUERY_BYTES;
	params.initial_max_data = 1 << 20;
	params.initial_max_streams_bidi = is("one") ? 1 : STREAMS_MAX;
	params.max_idle_timeout = UINT64_C(60) * 1000000000u;
	params.original_dcid = header.dcid;
	ngtcp2_path path = path_to(connection);
	if (ngtcp2_conn_server_new(&connection->quic, &header.scid, &id, &path, header.version,
	                           &callbacks, &settings, &params, NULL, connection))
		die("ngtcp2_conn_server_new");
	ngtcp2_conn_set_tls_native_handle(connection->quic, connection->tls);
	server.connections[server.connection_count++] = connection;
	printf("connection\n");
	return connection;
}

static void drop(struct connection *connection)
{
	size_t at = 0;
	while (server.connections[at] != connection)
		at++;
	server.connections[at] = server.connections[--server.connection_count];
	ngtcp2_conn_del(connection->quic);
	gnutls_deinit(connection->tls);
	free(connection);
}

/* ---- in and out -------------------------------------------------------------------------- */

static void send_to(const struct connection *connection, const uint8_t *bytes, ngtcp2_ssize length)
{
	if (length > 0)
		(void)!sendto(server.fd, bytes, (size_t)length, 0,
		              (const struct sockaddr *)&connection->remote, sizeof connection->remote);
}

static struct stream *next_stream(struct connection *connection)
{
	for (size_t i = 0; i < connection->stream_count; i++) {
		struct stream *one = &connection->streams[i];
		bool waits = one->out_sent < one->out_length || (one->end && !one->done);
		if (!one->given_up && waits)
			return one;
	}
	return NULL;
}

static void end(struct connection *connection)
{
	uint8_t bytes[DATAGRAM_BYTES];
	ngtcp2_connection_close_error error;
	ngtcp2_pkt_info info;
	ngtcp2_connection_close_error_set_application_error(&error, ERROR_INTERNAL, NULL, 0);
	send_to(connection, bytes,
	        ngtcp2_conn_write_connection_close(connection->quic, NULL, &info, bytes, sizeof bytes,
	                                           &error, now()));
	drop(connection);
}

/* May drop it. */
static void write_all(struct connection *connection)
{
	uint8_t bytes[DATAGRAM_BYTES];
	ngtcp2_ssize length = 1;
	while (length > 0) {
		struct stream *stream = next_stream(connection);
		ngtcp2_vec rest = {NULL, 0};
		ngtcp2_ssize taken = -1;
		ngtcp2_pkt_info info;
		if (stream)
			rest =
				(ngtcp2_vec){stream->out + stream->out_sent, stream->out_length - stream->out_sent};
		length =
			ngtcp2_conn_writev_stream(connection->quic, NULL, &info, bytes, sizeof bytes, &taken,
		                              stream && stream->end ? NGTCP2_WRITE_STREAM_FLAG_FIN
		                                                    : NGTCP2_WRITE_STREAM_FLAG_NONE,
		                              stream ? stream->id : -1, &rest, stream ? 1 : 0, now());
		if (stream && taken >= 0) {
			stream->out_sent += (size_t)taken;
			stream->done = stream->end && stream->out_sent == stream->out_length;
		} else if (stream && length < 0) {
			stream->given_up = true;
			length = 1;
			continue;
		}
		send_to(connection, bytes, length);
	}
	ngtcp2_conn_update_pkt_tx_time(connection->quic, now());
	if (connection->closing || length < 0)
		end(connection);
}

static void take_queries(struct connection *connection)
{
	for (size_t i = 0; i < connection->stream_count; i++) {
		struct stream *stream = &connection->streams[i];
		if (!stream->whole)
			continue;
		stream->whole = false;
		printf("query ");
		for (size_t at = 0; at < stream->in_length; at++)
			printf("%02x", stream->in[at]);
		printf("\n");
		behave(connection, stream);
	}
}

static void take(const struct sockaddr_in *remote, const uint8_t *bytes, size_t length)
{
	struct connection *connection = NULL;
	ngtcp2_pkt_info info = {0};
	for (size_t i = 0; i < server.connection_count; i++)
		if (server.connections[i]->remote.sin_port == remote->sin_port)
			connection = server.connections[i];
	if (!connection && !(connection = accept_new(remote, bytes, length)))
		return;
	ngtcp2_path path = path_to(connection);
	int error = ngtcp2_conn_read_pkt(connection->quic, &path, &info, bytes, length, now());
	take_queries(connection);
	if (!error) {
		write_all(connection);
		return;
	}
	ngtcp2_connection_close_error why;
	ngtcp2_conn_get_connection_close_error(connection->quic, &why);
	printf("closed %llu\n", (unsigned long long)why.error_code);
	drop(connection);
}

static void serve_times(void)
{
	for (size_t i = server.connection_count; i-- > 0;) {
		struct connection *connection = server.connections[i];
		if (ngtcp2_conn_get_expiry(connection->quic) > now())
			continue;
		if (ngtcp2_conn_handle_expiry(connection->quic, now()))
			drop(connection);
		else
			write_all(connection);
	}
}

static int wait_ms(void)
{
	ngtcp2_tstamp first = now() + 1000000000u, is_now = now();
	for (size_t i = 0; i < server.connection_count; i++) {
		ngtcp2_tstamp at = ngtcp2_conn_get_expiry(server.connections[i]->quic);
		first = at < first ? at : first;
	}
	return first > is_now ? (int)((first - is_now + 999999) / 1000000) : 0;
}

int main(int argc, char **argv)
{
	socklen_t length = sizeof server.local;
	if (argc != 4)
		die("usage");
	server.behaviour = argv[1];
	server.local =
		(struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	server.fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (server.fd < 0 || bind(server.fd, (struct sockaddr *)&server.local, sizeof server.local) ||
	    getsockname(server.fd, (struct sockaddr *)&server.local, &length) ||
	    gnutls_certificate_allocate_credentials(&server.credentials) ||
	    gnutls_certificate_set_x509_key_file(server.credentials, argv[2], argv[3],
	                                         GNUTLS_X509_FMT_PEM) ||
	    gnutls_session_ticket_key_generate(&server.ticket_key))
		die(argv[2]);
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("%u\n", ntohs(server.local.sin_port));
	/* Whoever has started it holds the other end of its input: it goes with them. */
	struct pollfd waits[] = {{.fd = server.fd, .events = POLLIN},
	                         {.fd = STDIN_FILENO, .events = POLLIN}};
	while (poll(waits, 2, wait_ms()) >= 0 && !waits[1].revents) {
		uint8_t bytes[65536];
		struct sockaddr_in remote;
		socklen_t remote_length = sizeof remote;
		ssize_t got;
		while ((got = recvfrom(server.fd, bytes, sizeof bytes, 0, (struct sockaddr *)&remote,
		                       &remote_length)) > 0)
			take(&remote, bytes, (size_t)got);
		serve_times();
	}
	return 0;
}
