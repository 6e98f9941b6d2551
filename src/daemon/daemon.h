/* Wires the house: sockets, workers, journal, admin, devices, reload. */
#ifndef PF_DAEMON_DAEMON_H
#define PF_DAEMON_DAEMON_H

/* Runs the daemon in the foreground until SIGTERM or SIGINT. Returns the exit code: 0 ended as
 * asked, 1 it could not start (the log says why). */
int daemon_run(const char *config_path);

/* `-n`: is the configuration right? Every finding goes to stderr, one a line; 0 yes, 1 no. */
int daemon_check(const char *config_path);

#endif
