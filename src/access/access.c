/* Passwords, sessions and tokens behind two locks: one for the tables, held for moments; one for trying a password, which takes a
 * twentieth of a second and a lot of memory. */
#include "access/access.h"

#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "access/attempts.h"
#include "access/file.h"

/* argon2id for people who log in once a day, on a machine that may have half a gigabyte (RFC 9106 and OWASP: at least 19 MiB and
 * two passes). */
#define PASSES 3
#define MEMORY_BYTES (32u << 20)

struct access {
	char *path;
	int64_t session_us;
	unsigned long long passes;
	size_t memory_bytes;
	pthread_mutex_t lock; /* of all below */
	struct lasting lasting;
	struct sessions sessions;
	struct attempts attempts;
	pthread_mutex_t trying; /* taken before `lock` */
};

static const char *const role_words[] = {NULL, "viewer", "admin"};

const char *access_role_word(enum access_role role)
{
	return role_words[role];
}

enum access_role access_role_parse(const char *word)
{
	for (enum access_role role = ACCESS_VIEWER; role <= ACCESS_ADMIN; role++)
		if (!strcmp(word, role_words[role]))
			return role;
	return ACCESS_NOBODY;
}

int access_open(const struct access_options *options, struct access **out, char error[500])
{
	*out = NULL;
	struct access *access = calloc(1, sizeof *access);
	if (access)
		access->path = strdup(options->path);
	if (!access || !access->path || sodium_init() < 0) {
		snprintf(error, 500, "There is no memory for passwords and sessions.");
		if (access)
			free(access->path);
		free(access);
		return PF_ENOMEM;
	}
	access->session_us = options->session_us;
	access->passes = options->passes ? options->passes : PASSES;
	access->memory_bytes = options->memory_bytes ? options->memory_bytes : MEMORY_BYTES;
	pthread_mutex_init(&access->lock, NULL);
	pthread_mutex_init(&access->trying, NULL);
	int result = lasting_read(access->path, &access->lasting, error);
	if (result == PF_OK)
		*out = access;
	else
		access_close(&access);
	return result;
}

void access_close(struct access **access)
{
	struct access *old = *access;
	*access = NULL;
	if (!old)
		return;
	pthread_mutex_destroy(&old->lock);
	pthread_mutex_destroy(&old->trying);
	free(old->path);
	free(old);
}

/* Writes what lasts, changed; only then it counts. Under the lock. */
static int make_last(struct access *access, const struct lasting *changed, char error[500])
{
	int result = lasting_write(access->path, changed, error);
	if (result == PF_OK)
		access->lasting = *changed;
	return result;
}

/* ---- passwords --------------------------------------------------------------------------- */

bool access_has_password(struct access *access, enum access_role role)
{
	pthread_mutex_lock(&access->lock);
	bool has = *access->lasting.passwords[role] != '\0';
	pthread_mutex_unlock(&access->lock);
	return has;
}

static int hash_password(struct access *access, const char *password, char hash[PASSWORD_HASH_MAX],
                         char error[500])
{
	_Static_assert(PASSWORD_HASH_MAX >= crypto_pwhash_STRBYTES, "a hash fits");
	size_t length = strlen(password);
	if (length < ACCESS_PASSWORD_BYTES_MIN || length > ACCESS_PASSWORD_BYTES_MAX) {
		snprintf(error, 500, "A password has %d to %d bytes; this one has %zu.",
		         ACCESS_PASSWORD_BYTES_MIN, ACCESS_PASSWORD_BYTES_MAX, length);
		return PF_EINVAL;
	}
	pthread_mutex_lock(&access->trying);
	int failed = crypto_pwhash_str_alg(hash, password, length, access->passes, access->memory_bytes,
	                                   crypto_pwhash_ALG_ARGON2ID13);
	pthread_mutex_unlock(&access->trying);
	if (failed)
		snprintf(error, 500, "There is no memory to keep a password (%zu MiB are needed).",
		         access->memory_bytes >> 20);
	return failed ? PF_ENOMEM : PF_OK;
}

int access_set_password(struct access *access, enum access_role role, const char *password,
                        char error[500])
{
	char hash[PASSWORD_HASH_MAX] = "";
	bool take_away = role == ACCESS_VIEWER && !*password;
	int result = take_away ? PF_OK : hash_password(access, password, hash, error);
	if (result != PF_OK)
		return result;
	pthread_mutex_lock(&access->lock);
	struct lasting *changed = malloc(sizeof *changed);
	if (changed) {
		*changed = access->lasting;
		memcpy(changed->passwords[role], hash, sizeof hash);
		result = make_last(access, changed, error);
	} else {
		snprintf(error, 500, "There is no memory for the password.");
		result = PF_ENOMEM;
	}
	if (result == PF_OK)
		sessions_end(&access->sessions, role);
	free(changed);
	pthread_mutex_unlock(&access->lock);
	return result;
}

/* ---- sessions ---------------------------------------------------------------------------- */

/* Which role's password is it? Both are tried, so that the time tells nothing of which are set to what. */
static enum access_role try_password(struct access *access, const char *password)
{
	enum access_role found = ACCESS_NOBODY;
	for (enum access_role role = ACCESS_VIEWER; role <= ACCESS_ADMIN; role++) {
		char hash[PASSWORD_HASH_MAX];
		pthread_mutex_lock(&access->lock);
		memcpy(hash, access->lasting.passwords[role], sizeof hash);
		pthread_mutex_unlock(&access->lock);
		if (*hash && !crypto_pwhash_str_verify(hash, password, strlen(password)))
			found = role;
	}
	return found;
}

static int take_attempt(struct access *access, const struct addr *from, struct now now)
{
	pthread_mutex_lock(&access->lock);
	int wait_s = attempts_take(&access->attempts, from, now.mono_us);
	pthread_mutex_unlock(&access->lock);
	return wait_s;
}

int access_login(struct access *access, const struct addr *from, const char *password,
                 struct now now, struct access_login *login, char error[500])
{
	*login = (struct access_login){0};
	if (!access_has_password(access, ACCESS_ADMIN) && !access_has_password(access, ACCESS_VIEWER)) {
		snprintf(error, 500,
		         "No password is set yet: type `portafilter password` on the machine that runs "
		         "portafilter.");
		return PF_ENOENT;
	}
	/* Taken before it is tried, so that attempts at the same time count as well. */
	login->wait_s = take_attempt(access, from, now);
	if (login->wait_s) {
		snprintf(error, 500, "Too many wrong passwords: try again in %d s.", login->wait_s);
		return PF_EFULL;
	}
	enum access_role role = ACCESS_NOBODY;
	if (strlen(password) <= ACCESS_PASSWORD_BYTES_MAX) {
		pthread_mutex_lock(&access->trying);
		role = try_password(access, password);
		pthread_mutex_unlock(&access->trying);
	}
	if (role == ACCESS_NOBODY) {
		snprintf(error, 500, "That is not the password.");
		return PF_EINVAL;
	}
	pthread_mutex_lock(&access->lock);
	attempts_give_back(&access->attempts, from, now.mono_us);
	sessions_add(&access->sessions, role, now, access->session_us, login);
	pthread_mutex_unlock(&access->lock);
	return PF_OK;
}

enum access_role access_session(struct access *access, const char *session, struct now now,
                                int64_t *expires_wall_us)
{
	pthread_mutex_lock(&access->lock);
	const struct session *found = sessions_find(&access->sessions, session, now);
	enum access_role role = found ? found->role : ACCESS_NOBODY;
	if (found && expires_wall_us)
		*expires_wall_us = found->expires_wall_us;
	pthread_mutex_unlock(&access->lock);
	return role;
}

void access_logout(struct access *access, const char *session)
{
	pthread_mutex_lock(&access->lock);
	struct session *found = sessions_find(&access->sessions, session, clock_now());
	if (found)
		*found = (struct session){0};
	pthread_mutex_unlock(&access->lock);
}

/* ---- tokens ------------------------------------------------------------------------------ */

static size_t token_by_name(const struct lasting *lasting, const char *name)
{
	size_t i = 0;
	while (i < lasting->token_count && strcmp(lasting->tokens[i].name, name))
		i++;
	return i;
}

static int add_token(struct lasting *lasting, const char *name, const struct token *token,
                     char error[500])
{
	if (token_by_name(lasting, name) < lasting->token_count) {
		snprintf(error, 500, "There is a token \"%s\" already: revoke it, or choose another name.",
		         name);
		return PF_ECONFLICT;
	}
	if (lasting->token_count == ACCESS_TOKENS_MAX) {
		snprintf(error, 500, "There are %d tokens, which is the most: revoke one that is not used.",
		         ACCESS_TOKENS_MAX);
		return PF_EFULL;
	}
	lasting->tokens[lasting->token_count++] = *token;
	return PF_OK;
}

int access_token_new(struct access *access, const char *name, enum access_role role, struct now now,
                     char token[ACCESS_SECRET_TEXT_MAX], char error[500])
{
	if (!token_name_is_good(name)) {
		snprintf(error, 500,
		         "A token's name has 1 to %d letters, digits, spaces, dots, - and _, and is for "
		         "you to know what uses it.",
		         TOKEN_NAME_MAX - 1);
		return PF_EINVAL;
	}
	secret_make("pf_", token);
	struct token made = {.role = role, .hash = secret_hash(token), .created_wall_us = now.wall_us};
	snprintf(made.name, sizeof made.name, "%s", name);
	struct lasting *changed = malloc(sizeof *changed);
	if (!changed) {
		snprintf(error, 500, "There is no memory for a token.");
		return PF_ENOMEM;
	}
	pthread_mutex_lock(&access->lock);
	*changed = access->lasting;
	int result = add_token(changed, name, &made, error);
	if (result == PF_OK)
		result = make_last(access, changed, error);
	pthread_mutex_unlock(&access->lock);
	free(changed);
	return result;
}

int access_token_revoke(struct access *access, const char *name, char error[500])
{
	struct lasting *changed = malloc(sizeof *changed);
	if (!changed) {
		snprintf(error, 500, "There is no memory to revoke a token.");
		return PF_ENOMEM;
	}
	pthread_mutex_lock(&access->lock);
	*changed = access->lasting;
	size_t i = token_by_name(changed, name);
	int result = PF_ENOENT;
	if (i < changed->token_count) {
		changed->tokens[i] = changed->tokens[--changed->token_count];
		result = make_last(access, changed, error);
	} else {
		snprintf(error, 500, "There is no token \"%.100s\".", name);
	}
	pthread_mutex_unlock(&access->lock);
	free(changed);
	return result;
}

json_t *access_tokens(struct access *access)
{
	json_t *list = json_array();
	pthread_mutex_lock(&access->lock);
	for (size_t i = 0; i < access->lasting.token_count; i++) {
		const struct token *token = &access->lasting.tokens[i];
		char created[CLOCK_TEXT_MAX];
		clock_format(token->created_wall_us, created);
		json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "name", token->name, "role",
		                                      access_role_word(token->role), "created", created));
	}
	pthread_mutex_unlock(&access->lock);
	return list;
}

enum access_role access_token(struct access *access, const char *token)
{
	struct secret_hash hash = secret_hash(token);
	enum access_role role = ACCESS_NOBODY;
	pthread_mutex_lock(&access->lock);
	for (size_t i = 0; i < access->lasting.token_count; i++)
		if (secret_hash_equal(&access->lasting.tokens[i].hash, &hash))
			role = access->lasting.tokens[i].role;
	pthread_mutex_unlock(&access->lock);
	return role;
}
