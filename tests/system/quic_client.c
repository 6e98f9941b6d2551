/* quic_client PORT [source ADDRESS] [name NAME] [alpn NAME] [version HEX] [session FILE] [flood N] [room BYTES]
 * A client of DNS over QUIC for tests, that can also do what none should. It obeys lines on its input:
 *   send K HEX [end]   bytes in its Kth stream, from 0; `end`: and no more
 *   reset K CODE       gives up sending, once the first of it is sent; stop K CODE: wants no reply
 *   migrate [ADDRESS]  goes on from another port, or address, and says so; rebind: the same, as a NAT does it, unsaid
 *   frames HEX         in place of what its next packet would have said
 *   left               tells how many bytes the server takes, of all streams together
 *   ping | close       a PING; the end
 * and tells on its output, a line for each: ready ALPN TLS-RESUMED SHA256-OF-CERTIFICATE, retry, ticket, left BYTES, data K HEX, reset K CODE, stopped
 * K CODE, versions HEX…, migrated, closed KIND CODE, gone (a stateless reset), silence (it was idle).
 * `room BYTES` takes so many bytes of replies, and then no more. `flood N` begins N connections, goes on with none, and says how many were asked to show where they are. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <gnutls/crypto.h>
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

#include "quic_forged.h"
#include "quic_random.h"

#define STREAMS_MAX 1024
#define OUT_BYTES (1 << 17)
#define IN_BYTES (1 << 17)
#define ID_BYTES 8
#define DATAGRAM_BYTES 1452
#define FLOOD_WAIT_MS 200 /* without any answer; then there will be none */
#define PRIORITY                                                                     \
	"NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+AES-128-GCM:+AES-256-GCM:-GROUP-ALL" \
	":+GROUP-SECP256R1:+GROUP-X25519:%DISABLE_TLS13_COMPAT_MODE"

struct stream {
	int64_t id;
	uint8_t *out, *in;
	size_t out_length, out_sent, in_length;
	uint64_t reset_code;
	bool end, sent_end, told, reset, given_up, blocked;
};

struct client {
	ngtcp2_crypto_conn_ref reference;
	ngtcp2_conn *quic;
	gnutls_session_t tls;
	gnutls_certificate_credentials_t credentials;
	int fd;
	struct sockaddr_in local, remote;
	const char *source, *name, *alpn, *session;
	uint32_t version;
	unsigned flood;
	uint64_t room; /* 0: as much as comes */
	struct stream streams[STREAMS_MAX];
	size_t stream_count;
	bool over;
};

static void die(const char *what)
{
	fprintf(stderr, "quic_client: %s: %s\n", what, strerror(errno));
	exit(2);
}

static ngtcp2_tstamp now(void)
{
	struct timespec at;
	clock_gettime(CLOCK_MONOTONIC, &at);
	return (ngtcp2_tstamp)at.tv_sec * 1000000000u + (ngtcp2_tstamp)at.tv_nsec;
}

static void tell_hex(const uint8_t *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		printf("%02x", bytes[i]);
}

/* ---- the socket -------------------------------------------------------------------------- */

static void open_socket(struct client *client, const char *source)
{
	socklen_t length = sizeof client->local;
	struct sockaddr_in any = {.sin_family = AF_INET};
	inet_pton(AF_INET, source, &any.sin_addr);
	client->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (client->fd < 0 || bind(client->fd, (struct sockaddr *)&any, sizeof any) ||
	    getsockname(client->fd, (struct sockaddr *)&client->local, &length))
		die(source);
}

static ngtcp2_path path_of(struct client *client)
{
	return (ngtcp2_path){.local = {(struct sockaddr *)&client->local, sizeof client->local},
	                     .remote = {(struct sockaddr *)&client->remote, sizeof client->remote}};
}

static void put(struct client *client, const uint8_t *bytes, size_t length)
{
	(void)!sendto(client->fd, bytes, length, 0, (struct sockaddr *)&client->remote,
	              sizeof client->remote);
}

/* ---- what libngtcp2 tells ---------------------------------------------------------------- */

static ngtcp2_conn *get_quic(ngtcp2_crypto_conn_ref *reference)
{
	return ((struct client *)reference->user_data)->quic;
}

static int on_handshake(ngtcp2_conn *quic, void *data)
{
	(void)quic;
	struct client *client = data;
	gnutls_datum_t alpn = {NULL, 0};
	unsigned count = 0;
	uint8_t digest[32] = {0};
	gnutls_alpn_get_selected_protocol(client->tls, &alpn);
	const gnutls_datum_t *peers = gnutls_certificate_get_peers(client->tls, &count);
	if (count)
		gnutls_hash_fast(GNUTLS_DIG_SHA256, peers[0].data, peers[0].size, digest);
	printf("ready %.*s %d ", (int)alpn.size, alpn.data ? (char *)alpn.data : "-",
	       gnutls_session_is_resumed(client->tls) != 0);
	tell_hex(digest, sizeof digest);
	printf("\n");
	return 0;
}

static int on_data(ngtcp2_conn *quic, uint32_t flags, int64_t id, uint64_t offset,
                   const uint8_t *bytes, size_t length, void *data, void *stream_data)
{
	(void)offset;
	const struct client *client = data;
	struct stream *stream = stream_data;
	if (stream->in_length + length > IN_BYTES)
		return NGTCP2_ERR_CALLBACK_FAILURE;
	memcpy(stream->in + stream->in_length, bytes, length);
	stream->in_length += length;
	if (!client->room) {
		ngtcp2_conn_extend_max_stream_offset(quic, id, length);
		ngtcp2_conn_extend_max_offset(quic, length);
	}
	if (flags & NGTCP2_STREAM_DATA_FLAG_FIN) {
		printf("data %d ", (int)(id / 4));
		tell_hex(stream->in, stream->in_length);
		printf("\n");
		stream->told = true;
	}
	return 0;
}

static int on_stream_reset(ngtcp2_conn *quic, int64_t id, uint64_t size, uint64_t code, void *data,
                           void *stream_data)
{
	(void)quic, (void)size, (void)data, (void)stream_data;
	printf("reset %d %llu\n", (int)(id / 4), (unsigned long long)code);
	return 0;
}

static int on_stop(ngtcp2_conn *quic, int64_t id, uint64_t code, void *data, void *stream_data)
{
	(void)quic, (void)data;
	((struct stream *)stream_data)->given_up = true;
	printf("stopped %d %llu\n", (int)(id / 4), (unsigned long long)code);
	return 0;
}

static int on_retry(ngtcp2_conn *quic, const ngtcp2_pkt_hd *header, void *data)
{
	printf("retry\n");
	return ngtcp2_crypto_recv_retry_cb(quic, header, data);
}

static int on_versions(ngtcp2_conn *quic, const ngtcp2_pkt_hd *header, const uint32_t *versions,
                       size_t count, void *data)
{
	(void)quic, (void)header;
	printf("versions");
	for (size_t i = 0; i < count; i++)
		printf(" %08x", versions[i]);
	printf("\n");
	((struct client *)data)->over = true;
	return 0;
}

static int on_gone(ngtcp2_conn *quic, const ngtcp2_pkt_stateless_reset *reset, void *data)
{
	(void)quic, (void)reset;
	printf("gone\n");
	((struct client *)data)->over = true;
	return 0;
}

static int on_path(ngtcp2_conn *quic, uint32_t flags, const ngtcp2_path *path,
                   ngtcp2_path_validation_result result, void *data)
{
	(void)quic, (void)flags, (void)path, (void)data;
	printf(result == NGTCP2_PATH_VALIDATION_RESULT_SUCCESS ? "migrated\n" : "stayed\n");
	return 0;
}

static const ngtcp2_callbacks callbacks = {
	.client_initial = ngtcp2_crypto_client_initial_cb,
	.recv_crypto_data = ngtcp2_crypto_recv_crypto_data_cb,
	.handshake_completed = on_handshake,
	.recv_version_negotiation = on_versions,
	.encrypt = encrypt,
	.decrypt = ngtcp2_crypto_decrypt_cb,
	.hp_mask = ngtcp2_crypto_hp_mask_cb,
	.recv_stream_data = on_data,
	.recv_stateless_reset = on_gone,
	.recv_retry = on_retry,
	.rand = fill_random,
	.get_new_connection_id = new_id,
	.update_key = ngtcp2_crypto_update_key_cb,
	.path_validation = on_path,
	.stream_reset = on_stream_reset,
	.delete_crypto_aead_ctx = ngtcp2_crypto_delete_crypto_aead_ctx_cb,
	.delete_crypto_cipher_ctx = ngtcp2_crypto_delete_crypto_cipher_ctx_cb,
	.get_path_challenge_data = ngtcp2_crypto_get_path_challenge_data_cb,
	.stream_stop_sending = on_stop,
	.version_negotiation = ngtcp2_crypto_version_negotiation_cb,
};

/* ---- TLS --------------------------------------------------------------------------------- */

static int on_ticket(gnutls_session_t tls, unsigned type, unsigned when, unsigned incoming,
                     const gnutls_datum_t *message)
{
	(void)type, (void)when, (void)incoming, (void)message;
	ngtcp2_crypto_conn_ref *reference = gnutls_session_get_ptr(tls);
	struct client *client = reference->user_data;
	gnutls_datum_t session;
	if (!client->session || gnutls_session_get_data2(tls, &session))
		return 0;
	FILE *file = fopen(client->session, "w");
	if (!file || fwrite(session.data, 1, session.size, file) != session.size || fclose(file))
		die(client->session);
	gnutls_free(session.data);
	printf("ticket\n");
	return 0;
}

static void start_tls(struct client *client)
{
	gnutls_datum_t alpn = {(unsigned char *)(uintptr_t)client->alpn,
	                       (unsigned)strlen(client->alpn)};
	gnutls_datum_t session;
	if (gnutls_init(&client->tls, GNUTLS_CLIENT | GNUTLS_NO_END_OF_EARLY_DATA) ||
	    gnutls_priority_set_direct(client->tls, PRIORITY, NULL) ||
	    gnutls_certificate_allocate_credentials(&client->credentials) ||
	    gnutls_credentials_set(client->tls, GNUTLS_CRD_CERTIFICATE, client->credentials) ||
	    ngtcp2_crypto_gnutls_configure_client_session(client->tls))
		die("gnutls");
	gnutls_session_set_ptr(client->tls, &client->reference);
	if (*client->alpn)
		gnutls_alpn_set_protocols(client->tls, &alpn, 1, 0);
	if (client->name)
		gnutls_server_name_set(client->tls, GNUTLS_NAME_DNS, client->name, strlen(client->name));
	if (client->session && !gnutls_load_file(client->session, &session)) {
		if (session.size && gnutls_session_set_data(client->tls, session.data, session.size))
			die("the session");
		gnutls_free(session.data);
	}
	gnutls_handshake_set_hook_function(client->tls, GNUTLS_HANDSHAKE_NEW_SESSION_TICKET,
	                                   GNUTLS_HOOK_POST, on_ticket);
}

static void start(struct client *client)
{
	ngtcp2_settings settings;
	ngtcp2_transport_params params;
	ngtcp2_cid to = {.datalen = 18}, from = {.datalen = ID_BYTES};
	ngtcp2_path path = path_of(client);
	(void)!getrandom(to.data, to.datalen, 0);
	(void)!getrandom(from.data, from.datalen, 0);
	ngtcp2_settings_default(&settings);
	settings.initial_ts = now();
	ngtcp2_transport_params_default(&params);
	params.initial_max_stream_data_bidi_local = IN_BYTES;
	params.initial_max_data = client->room ? client->room : 4 * IN_BYTES;
	params.max_idle_timeout = UINT64_C(60) * 1000000000u;
	params.active_connection_id_limit = 7;
	client->reference = (ngtcp2_crypto_conn_ref){.get_conn = get_quic, .user_data = client};
	start_tls(client);
	if (ngtcp2_conn_client_new(&client->quic, &to, &from, &path, client->version, &callbacks,
	                           &settings, &params, NULL, client))
		die("ngtcp2_conn_client_new");
	ngtcp2_conn_set_tls_native_handle(client->quic, client->tls);
}

/* ---- out --------------------------------------------------------------------------------- */

static struct stream *next_stream(struct client *client)
{
	for (size_t i = 0; i < client->stream_count; i++) {
		struct stream *one = &client->streams[i];
		if (one->id >= 0 && !one->given_up && !one->blocked &&
		    (one->out_sent < one->out_length || (one->end && !one->sent_end)))
			return one;
	}
	return NULL;
}

static void end(struct client *client, int error)
{
	ngtcp2_connection_close_error why;
	ngtcp2_conn_get_connection_close_error(client->quic, &why);
	if (error == NGTCP2_ERR_IDLE_CLOSE)
		printf("silence\n");
	else if (error == NGTCP2_ERR_DRAINING)
		printf("closed %s %llu\n",
		       why.type == NGTCP2_CONNECTION_CLOSE_ERROR_CODE_TYPE_APPLICATION ? "application"
		                                                                       : "transport",
		       (unsigned long long)why.error_code);
	else if (error)
		printf("failed %s\n", ngtcp2_strerror(error));
	client->over = true;
}

static void write_all(struct client *client)
{
	uint8_t bytes[DATAGRAM_BYTES];
	ngtcp2_ssize length = 1;
	while (length > 0 && !client->over) {
		struct stream *stream = next_stream(client);
		ngtcp2_vec rest = {NULL, 0};
		ngtcp2_ssize taken = -1;
		ngtcp2_pkt_info info;
		if (stream)
			rest =
				(ngtcp2_vec){stream->out + stream->out_sent, stream->out_length - stream->out_sent};
		bool last = stream && stream->end;
		length = ngtcp2_conn_writev_stream(client->quic, NULL, &info, bytes, sizeof bytes, &taken,
		                                   last ? NGTCP2_WRITE_STREAM_FLAG_FIN
		                                        : NGTCP2_WRITE_STREAM_FLAG_NONE,
		                                   stream ? stream->id : -1, &rest, stream ? 1 : 0, now());
		if (stream && taken >= 0) {
			stream->out_sent += (size_t)taken;
			stream->sent_end = last && stream->out_sent == stream->out_length;
		}
		if (length == NGTCP2_ERR_STREAM_DATA_BLOCKED || length == NGTCP2_ERR_STREAM_SHUT_WR ||
		    length == NGTCP2_ERR_STREAM_NOT_FOUND) {
			stream->blocked = true;
			length = 1;
			continue;
		}
		if (length > 0)
			put(client, bytes, (size_t)length);
		else if (length < 0)
			end(client, (int)length);
	}
	if (!client->over)
		ngtcp2_conn_update_pkt_tx_time(client->quic, now());
}

static void open_streams(struct client *client)
{
	for (size_t i = 0; i < client->stream_count; i++)
		if (client->streams[i].id < 0)
			(void)!ngtcp2_conn_open_bidi_stream(client->quic, &client->streams[i].id,
			                                    &client->streams[i]);
}

/* A server need not hear of a stream of which nothing but the end has come. */
static void give_up_streams(struct client *client)
{
	for (size_t i = 0; i < client->stream_count; i++) {
		struct stream *one = &client->streams[i];
		if (one->reset && !one->given_up && one->out_sent) {
			one->given_up = true;
			ngtcp2_conn_shutdown_stream_write(client->quic, one->id, one->reset_code);
		}
	}
}

static void close_now(struct client *client)
{
	uint8_t bytes[DATAGRAM_BYTES];
	ngtcp2_connection_close_error error;
	ngtcp2_pkt_info info;
	ngtcp2_connection_close_error_set_application_error(&error, 0, NULL, 0);
	ngtcp2_ssize length = ngtcp2_conn_write_connection_close(client->quic, NULL, &info, bytes,
	                                                         sizeof bytes, &error, now());
	if (length > 0)
		put(client, bytes, (size_t)length);
	client->over = true;
}

/* ---- orders ------------------------------------------------------------------------------ */

static struct stream *stream_at(struct client *client, size_t number)
{
	if (number >= STREAMS_MAX)
		die("too many streams");
	while (client->stream_count <= number) {
		struct stream *stream = &client->streams[client->stream_count++];
		stream->id = -1;
		stream->out = malloc(OUT_BYTES);
		stream->in = malloc(IN_BYTES);
	}
	open_streams(client);
	return &client->streams[number];
}

/* Not with sscanf, which looks for the end of all that is left at each call. */
static void move(struct client *client, const char *source, bool say)
{
	close(client->fd);
	open_socket(client, *source ? source : client->source);
	ngtcp2_path path = path_of(client);
	if (!say)
		ngtcp2_conn_set_local_addr(client->quic, &path.local);
	else if (ngtcp2_conn_initiate_immediate_migration(client->quic, &path, now()))
		die("migration");
}

static void obey(struct client *client, char *line)
{
	const char *verb = strtok(line, " \n"), *first = strtok(NULL, " \n");
	const char *second = strtok(NULL, " \n"), *third = strtok(NULL, " \n");
	size_t number = first ? strtoul(first, NULL, 10) : 0;
	if (!verb)
		return;
	if (!strcmp(verb, "send")) {
		struct stream *stream = stream_at(client, number);
		if (second && strcmp(second, "end"))
			stream->out_length +=
				read_hex(stream->out + stream->out_length, OUT_BYTES - stream->out_length, second);
		stream->end |= (second && !strcmp(second, "end")) || third;
	} else if (!strcmp(verb, "reset")) {
		struct stream *stream = stream_at(client, number);
		stream->reset = true;
		stream->reset_code = strtoul(second, NULL, 10);
	} else if (!strcmp(verb, "stop")) {
		ngtcp2_conn_shutdown_stream_read(client->quic, stream_at(client, number)->id,
		                                 strtoul(second, NULL, 10));
	} else if (!strcmp(verb, "migrate") || !strcmp(verb, "rebind")) {
		move(client, first ? first : "", *verb == 'm');
	} else if (!strcmp(verb, "frames")) {
		forged.length = read_hex(forged.bytes, sizeof forged.bytes, first);
	} else if (!strcmp(verb, "left")) {
		printf("left %llu\n", (unsigned long long)ngtcp2_conn_get_max_data_left(client->quic));
	} else if (!strcmp(verb, "close")) {
		close_now(client);
	}
}

/* ---- in ---------------------------------------------------------------------------------- */

static void read_all(struct client *client)
{
	for (size_t i = 0; i < client->stream_count; i++)
		client->streams[i].blocked = false;
	uint8_t bytes[65536];
	ssize_t length;
	while (!client->over && (length = recv(client->fd, bytes, sizeof bytes, 0)) > 0) {
		ngtcp2_path path = path_of(client);
		ngtcp2_pkt_info info = {0};
		int error = ngtcp2_conn_read_pkt(client->quic, &path, &info, bytes, (size_t)length, now());
		if (error)
			end(client, error);
	}
}

static void flood(struct client *client)
{
	unsigned retries = 0, answers = 0;
	uint8_t bytes[65536];
	ngtcp2_pkt_info info;
	for (unsigned i = 0; i < client->flood; i++) {
		start(client);
		ngtcp2_ssize length =
			ngtcp2_conn_write_pkt(client->quic, NULL, &info, bytes, DATAGRAM_BYTES, now());
		if (length > 0)
			put(client, bytes, (size_t)length);
		ngtcp2_conn_del(client->quic);
		gnutls_deinit(client->tls);
		gnutls_certificate_free_credentials(client->credentials);
	}
	struct pollfd wait = {.fd = client->fd, .events = POLLIN};
	while (poll(&wait, 1, FLOOD_WAIT_MS) > 0) {
		while (recv(client->fd, bytes, sizeof bytes, 0) > 0) {
			retries += (bytes[0] & 0xf0) == 0xf0;
			answers += (bytes[0] & 0xf0) == 0xc0;
		}
	}
	printf("flooded %u %u\n", retries, answers);
}

static void run(struct client *client)
{
	static char line[2 * OUT_BYTES + 100];
	start(client);
	write_all(client);
	while (!client->over) {
		struct pollfd waits[] = {{.fd = client->fd, .events = POLLIN},
		                         {.fd = STDIN_FILENO, .events = POLLIN}};
		ngtcp2_tstamp at = ngtcp2_conn_get_expiry(client->quic), is = now();
		ngtcp2_tstamp ms = at > is ? (at - is + 999999) / 1000000 : 0;
		fflush(stdout);
		poll(waits, 2, ms > 60000 ? 60000 : (int)ms);
		if (waits[1].revents) {
			if (!fgets(line, sizeof line, stdin))
				break;
			obey(client, line);
		}
		if (!client->over)
			read_all(client);
		int error = client->over ? 0 : ngtcp2_conn_handle_expiry(client->quic, now());
		if (error)
			end(client, error);
		if (!client->over) {
			open_streams(client);
			give_up_streams(client);
			write_all(client);
		}
	}
	for (size_t i = 0; i < client->stream_count; i++) {
		free(client->streams[i].out);
		free(client->streams[i].in);
	}
	ngtcp2_conn_del(client->quic);
	gnutls_deinit(client->tls);
	gnutls_certificate_free_credentials(client->credentials);
}

int main(int argc, char **argv)
{
	static struct client client = {.source = "127.0.0.1",
	                               .alpn = "doq",
	                               .version = NGTCP2_PROTO_VER_V1};
	if (argc < 2)
		return 2;
	for (int i = 2; i + 1 < argc; i += 2) {
		const char *value = argv[i + 1];
		switch (argv[i][0]) {
		case 's': *(argv[i][1] == 'o' ? &client.source : &client.session) = value; break;
		case 'n': client.name = value; break;
		case 'a': client.alpn = value; break;
		case 'v': client.version = (uint32_t)strtoul(value, NULL, 16); break;
		case 'r': client.room = strtoul(value, NULL, 10); break;
		case 'f': client.flood = (unsigned)strtoul(value, NULL, 10); break;
		default: return 2;
		}
	}
	setvbuf(stdin, NULL, _IONBF, 0); /* what poll tells of is all that there is */
	client.remote = (struct sockaddr_in){.sin_family = AF_INET,
	                                     .sin_port = htons((uint16_t)strtoul(argv[1], NULL, 10))};
	inet_pton(AF_INET, "127.0.0.1", &client.remote.sin_addr);
	open_socket(&client, client.source);
	if (client.flood)
		flood(&client);
	else
		run(&client);
	close(client.fd);
	return 0;
}
