/* {"passwords": {"admin": "$argon2id$…"}, "tokens": [{"name", "role", "created", "hash"}]} */
#include "access/file.h"

#include <errno.h>
#include <libgen.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/replace.h"

#define FILE_BYTES_MAX (64 << 10)
#define HASH_TEXT_MAX (2 * SECRET_HASH_BYTES + 1)

bool token_name_is_good(const char *name)
{
	static const char good[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_. ";
	size_t length = strlen(name);
	return length && length < TOKEN_NAME_MAX && strspn(name, good) == length && name[0] != ' ' &&
	       name[length - 1] != ' ';
}

static bool read_token(const json_t *json, struct token *token)
{
	const char *name, *role, *hash;
	json_int_t created;
	size_t length;
	if (json_unpack((json_t *)json, "{s:s, s:s, s:s, s:I}", "name", &name, "role", &role, "hash",
	                &hash, "created", &created))
		return false;
	token->role = access_role_parse(role);
	token->created_wall_us = created;
	if (!token_name_is_good(name) || token->role == ACCESS_NOBODY ||
	    sodium_hex2bin(token->hash.bytes, sizeof token->hash.bytes, hash, strlen(hash), NULL,
	                   &length, NULL) ||
	    length != sizeof token->hash.bytes)
		return false;
	snprintf(token->name, sizeof token->name, "%s", name);
	return true;
}

static bool read_all(const json_t *root, struct lasting *lasting)
{
	const json_t *passwords = json_object_get(root, "passwords");
	const json_t *tokens = json_object_get(root, "tokens"), *one;
	size_t i;
	if (!json_is_object(passwords) || !json_is_array(tokens) ||
	    json_array_size(tokens) > ACCESS_TOKENS_MAX)
		return false;
	for (enum access_role role = ACCESS_VIEWER; role <= ACCESS_ADMIN; role++) {
		one = json_object_get(passwords, access_role_word(role));
		const char *text = one ? json_string_value(one) : "";
		if (!text || strlen(text) >= PASSWORD_HASH_MAX)
			return false;
		snprintf(lasting->passwords[role], PASSWORD_HASH_MAX, "%s", text);
	}
	json_array_foreach(tokens, i,
	                   one) if (!read_token(one,
	                                        &lasting->tokens[lasting->token_count++])) return false;
	return true;
}

int lasting_read(const char *path, struct lasting *lasting, char error[500])
{
	struct stat info;
	*lasting = (struct lasting){0};
	FILE *file = fopen(path, "re");
	if (!file && errno == ENOENT)
		return PF_OK;
	if (!file || fstat(fileno(file), &info)) {
		snprintf(error, 500, "%s can not be read: %s.", path, strerror(errno));
		if (file)
			fclose(file);
		return PF_EIO;
	}
	json_t *root = info.st_size <= FILE_BYTES_MAX ? json_loadf(file, 0, NULL) : NULL;
	fclose(file);
	bool good = root && read_all(root, lasting);
	json_decref(root);
	if (good)
		return PF_OK;
	*lasting = (struct lasting){0};
	snprintf(error, 500,
	         "%s holds no passwords and tokens that could be understood: bring it back from a "
	         "copy, or remove it and set the password anew (portafilter password).",
	         path);
	return PF_EINVAL;
}

static json_t *to_json(const struct lasting *lasting)
{
	json_t *passwords = json_object(), *tokens = json_array();
	for (enum access_role role = ACCESS_VIEWER; role <= ACCESS_ADMIN; role++)
		if (*lasting->passwords[role])
			json_object_set_new(passwords, access_role_word(role),
			                    json_string(lasting->passwords[role]));
	for (size_t i = 0; i < lasting->token_count; i++) {
		const struct token *token = &lasting->tokens[i];
		char hash[HASH_TEXT_MAX];
		sodium_bin2hex(hash, sizeof hash, token->hash.bytes, sizeof token->hash.bytes);
		json_array_append_new(tokens, json_pack("{s:s, s:s, s:s, s:I}", "name", token->name, "role",
		                                        access_role_word(token->role), "hash", hash,
		                                        "created", (json_int_t)token->created_wall_us));
	}
	return json_pack("{s:o, s:o}", "passwords", passwords, "tokens", tokens);
}

/* The daemon must be able to read what root has written for it. */
static int give_to_owner_of_folder(int fd, const char *path)
{
	char copy[PATH_MAX];
	struct stat info;
	if (geteuid())
		return 0;
	snprintf(copy, sizeof copy, "%s", path);
	return stat(dirname(copy), &info) || fchown(fd, info.st_uid, info.st_gid);
}

int lasting_write(const char *path, const struct lasting *lasting, char error[500])
{
	struct replacement replacement;
	json_t *root = to_json(lasting);
	char *text = root ? json_dumps(root, JSON_INDENT(1)) : NULL;
	json_decref(root);
	if (!text) {
		snprintf(error, 500, "There is no memory for %s.", path);
		return PF_ENOMEM;
	}
	int result = replace_begin(&replacement, path, 0600, FILE_BYTES_MAX);
	if (result == PF_OK) {
		result = replace_write(&replacement, text, strlen(text));
		if (result == PF_OK && give_to_owner_of_folder(replacement.fd, path))
			result = PF_EIO;
		if (result == PF_OK)
			result = replace_commit(&replacement, REPLACE_SYNCED);
		else
			replace_abort(&replacement);
	}
	free(text);
	if (result != PF_OK)
		snprintf(error, 500, "%s can not be written: %s. Its folder must exist (state).", path,
		         strerror(errno));
	return result == PF_OK ? PF_OK : PF_EIO;
}
