/* `password`: through the daemon when there is one, because it keeps the file; else into the file itself, so that a daemon that
 * does not start without a password can be given one. */
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "access/access.h"
#include "cli/client.h"
#include "cli/text.h"

#define LINE_MAX_BYTES \
	(ACCESS_PASSWORD_BYTES_MAX + 2) /* one more than fits, so that it is noticed */

struct secret {
	char text[LINE_MAX_BYTES];
};

/* One line of standard input, without its end. */
static bool read_line(struct secret *secret)
{
	if (!fgets(secret->text, sizeof secret->text, stdin))
		return false;
	secret->text[strcspn(secret->text, "\r\n")] = '\0';
	return true;
}

/* From a terminal, without showing it. */
static bool ask_person(const char *prompt, struct secret *secret)
{
	struct termios before, quiet;
	if (tcgetattr(STDIN_FILENO, &before))
		return false;
	quiet = before;
	quiet.c_lflag &= ~(tcflag_t)ECHO;
	fputs(prompt, stderr);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
	bool good = read_line(secret);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
	fputs("\n", stderr);
	return good;
}

static bool ask_for(const char *role, struct secret *secret)
{
	struct secret again;
	char prompt[64];
	if (!isatty(STDIN_FILENO)) {
		if (read_line(secret))
			return true;
		cli_complain("there is no password on standard input.");
		return false;
	}
	snprintf(prompt, sizeof prompt, "New password of the %s: ", role);
	bool same = ask_person(prompt, secret) && ask_person("Once more: ", &again) &&
	            !strcmp(secret->text, again.text);
	explicit_bzero(&again, sizeof again);
	if (!same)
		cli_complain("these are two different ones; nothing is changed.");
	return same;
}

static int write_file(const struct config *config, enum access_role role, const char *password)
{
	char path[PATH_MAX], error[500];
	struct access *access;
	snprintf(path, sizeof path, "%s/%s", config->state, ACCESS_FILE);
	const struct access_options options = {.path = path};
	int result = access_open(&options, &access, error);
	if (result == PF_OK)
		result = access_set_password(access, role, password, error);
	access_close(&access);
	if (result == PF_OK)
		return CLI_DONE;
	cli_complain("%s", error);
	return CLI_NO;
}

static int set(struct client *client, const char *role, const char *password)
{
	json_t *answer = NULL;
	json_t *body = json_pack("{s:s, s:s}", "role", role, "password", password);
	if (!body) {
		cli_complain("a password is UTF-8 text.");
		return CLI_NO;
	}
	int result = client_post_json(client, "/api/v1/password", body, &answer);
	json_decref(body);
	json_decref(answer);
	if (result == CLI_NO_DAEMON)
		result = write_file(client_config(client), access_role_parse(role), password);
	return result;
}

int verb_password(const struct cli *cli)
{
	const char *role = cli->positional_count ? cli->positional[0] : "admin";
	struct client *client;
	struct secret secret;
	if (access_role_parse(role) == ACCESS_NOBODY) {
		cli_complain(
			"\"%s\" has no password; it is `password`, `password admin` or `password viewer`.",
			role);
		return CLI_USAGE;
	}
	int result = client_open(cli, &client);
	if (result != CLI_DONE)
		return result;
	result = ask_for(role, &secret) ? set(client, role, secret.text) : CLI_NO;
	if (result == CLI_DONE && cli->json)
		printf("{\"role\": \"%s\", \"password_set\": %s}\n", role, *secret.text ? "true" : "false");
	else if (result == CLI_DONE)
		cli_say(stdout,
		        *secret.text ? "The password of the %s is set."
		                     : "The %s has no password any more.",
		        role);
	explicit_bzero(&secret, sizeof secret);
	client_close(&client);
	return result;
}
