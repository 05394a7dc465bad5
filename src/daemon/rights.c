/* SPDX-License-Identifier: MIT */
/* Rights are never computed from modes: access control lists, capabilities, mount options and
 * network file systems decide as well. So a process becomes the user and asks the kernel. */
#include "src/daemon/rights.h"

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/reach.h"
#include "base/text.h"
#include "spawn/confinement.h"

enum { PROBLEM_MAX = 2048 };

struct check {
	const struct config *config;
	FILE *out;
	bool bad;
	/* Another user looks, who cannot become the daemon's: only what is not there is told. */
	bool stranger;
};

static void say(struct check *check, const char *option, const char *problem)
{
	fprintf(check->out, "%s: %s: %s\n", check->config->file, option, problem);
	check->bad = true;
}

static void check_directory(struct check *check, const char *option, const char *path, int mode)
{
	char buffer[PROBLEM_MAX];
	struct text problem;
	text_init(&problem, buffer, sizeof buffer);
	if (path && !reach_directory(path, check->stranger ? 0 : mode, &problem))
		say(check, option, problem.data);
}

/* The file is there and can be written to, or it can be made. */
static void check_file(struct check *check, const char *option, const char *path)
{
	char buffer[PROBLEM_MAX];
	struct text problem;
	text_init(&problem, buffer, sizeof buffer);
	struct stat st;
	bool there = stat(path, &st) == 0;
	if (check->stranger) {
		if (!reach_directory_of(path, 0, &problem))
			say(check, option, problem.data);
	} else if (!reach_directory_of(path, there ? X_OK : W_OK | X_OK, &problem)) {
		say(check, option, problem.data);
	} else if (there && (S_ISDIR(st.st_mode) || access(path, W_OK) < 0)) {
		int error = S_ISDIR(st.st_mode) ? EISDIR : errno;
		text_escaped(&problem, path, PATH_MAX);
		text_puts(&problem, ": ");
		text_error(&problem, error);
		say(check, option, problem.data);
	}
}

/* A socket that is there belongs to a service manager or a running daemon, or the start finds out
 * that it is stale. */
static void check_socket(struct check *check, const char *address)
{
	char buffer[PROBLEM_MAX];
	struct text problem;
	struct stat st;
	text_init(&problem, buffer, sizeof buffer);
	if (address && !strncmp(address, "unix:", 5) &&
		!(lstat(address + 5, &st) == 0 && S_ISSOCK(st.st_mode)) &&
		!reach_directory_of(address + 5, check->stranger ? 0 : W_OK | X_OK, &problem))
		say(check, "listen", problem.data);
}

static void check_names(struct check *check)
{
	const struct config *config = check->config;
	if (geteuid() == 0 && config->user && !getpwnam(config->user))
		say(check, "user", "there is no such user, and the daemon would not start");
	if (config->socket_group && !getgrnam(config->socket_group))
		say(check, "socket_group",
			"there is no such group, and the daemon would not start");
}

/* What the process does that starts: it opens the log and the socket. */
static void check_as_starter(struct check *check, const char *listen)
{
	const struct config *config = check->config;
	check_names(check);
	if (config->log && config->log[0] == '/')
		check_file(check, "log", config->log);
	check_socket(check, listen ? listen : config->listen);
}

/* The absolute path that begins at `text`, as far as it is literal; false: there is none. */
static bool literal_path(const char *text, char path[PATH_MAX])
{
	size_t length = strcspn(text, "{}[]:,;\"' ");
	if (text[0] != '/' || length < 2 || length >= PATH_MAX || text[length] == '{')
		return false;
	memcpy(path, text, length);
	path[length] = '\0';
	return true;
}

/* An argument such as /srv/a.icc or profile=/srv/a.icc names a file that is there, and that the
 * programs of the recipe may not read. The first argument of a program is the program. */
static void check_argument(struct check *check, const struct recipe *recipe, const char *argument)
{
	char path[PATH_MAX];
	for (const char *at = argument; (at = strchr(at, '/')); at += strcspn(at, "=:,@ ")) {
		bool begins = at == argument || strchr("=:,@ ", at[-1]);
		if (!begins || !literal_path(at, path) || access(path, F_OK) < 0)
			continue;
		if (!strncmp(path, "/dev/", 5) || !strncmp(path, "/proc/", 6) ||
			confinement_may_read(recipe->read, recipe->program_paths[0], path))
			continue;
		fprintf(check->out,
			"%s: warning: recipe '%s': run: confined programs may not read %s: add it "
			"to read\n",
			check->config->file, recipe->name, path);
	}
}

static void check_arguments(struct check *check)
{
	for (size_t i = 0; i < check->config->recipe_count; i++) {
		const struct recipe *recipe = check->config->recipes[i];
		bool program = true;
		for (size_t j = 0; recipe->confine != RECIPE_CONFINE_OFF && j < recipe->run_count;
			j++) {
			if (!program)
				check_argument(check, recipe, recipe->run[j]);
			program = !strcmp(recipe->run[j], "|");
		}
	}
}

/* The file is opened as the one who starts the daemon, often root, but after a rotation as the
 * daemon's user, who has to make it. Returns whether that goes; false with the reason. */
static bool can_make_log(const struct config *config, struct text *problem)
{
	struct stat st;
	bool rotates = config->log && config->log[0] == '/' &&
		       (stat(config->log, &st) < 0 || S_ISREG(st.st_mode)); /* no /dev/stderr */
	return !rotates || reach_directory_of(config->log, W_OK | X_OK, problem);
}

#define LOG_NOT_REOPENED                                                                           \
	"the log cannot be opened again after a rotation, give it a directory of the daemon's "    \
	"user: %s"

static void check_as_daemon(struct check *check)
{
	const struct config *config = check->config;
	char buffer[PROBLEM_MAX];
	struct text problem;
	text_init(&problem, buffer, sizeof buffer);
	/* The daemon starts all the same. */
	if (!check->stranger && !can_make_log(config, &problem))
		fprintf(check->out, "%s: warning: log: " LOG_NOT_REOPENED "\n", config->file,
			problem.data);
	check_arguments(check);
	if (config->root_hangs)
		say(check, "root", CONFIG_NO_ANSWER);
	else
		check_directory(check, "root", config->root, X_OK | R_OK);
	check_directory(check, "temp_path", config->temp_path, W_OK | X_OK);
	check_directory(check, "cache: path", config->cache_path, W_OK | X_OK | R_OK);
}

static _Noreturn void check_in_child(struct check *check, const struct passwd *user)
{
	check->bad = false;
	if (initgroups(user->pw_name, user->pw_gid) < 0 ||
		setresgid(user->pw_gid, user->pw_gid, user->pw_gid) < 0 ||
		setresuid(user->pw_uid, user->pw_uid, user->pw_uid) < 0)
		say(check, "user", strerror(errno));
	else
		check_as_daemon(check);
	fflush(check->out);
	_exit(check->bad);
}

static void check_as_user(struct check *check, const struct passwd *user)
{
	int status = 0;
	fflush(check->out);
	pid_t pid = fork();
	if (pid == 0)
		check_in_child(check, user);
	pid_t r = pid;
	while (pid > 0 && (r = waitpid(pid, &status, 0)) < 0 && errno == EINTR)
		;
	if (r < 0)
		say(check, "user", strerror(errno));
	else if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		check->bad = true;
}

/* Whether this process is neither the daemon's user nor root. */
static bool is_stranger(const struct config *config)
{
	const struct passwd *user = geteuid() != 0 && config->user ? getpwnam(config->user) : NULL;
	return user && user->pw_uid != geteuid();
}

bool rights_check(const struct config *config, const char *listen, FILE *out)
{
	struct check check = {.config = config, .out = out, .stranger = is_stranger(config)};
	if (check.stranger)
		fprintf(out,
			"%s: warning: rights are not looked at: only root and user %s can do "
			"that\n",
			config->file, config->user);
	check_as_starter(&check, listen);
	bool changes = geteuid() == 0 && config->user;
	const struct passwd *user = changes ? getpwnam(config->user) : NULL;
	if (user)
		check_as_user(&check, user);
	else if (!changes)
		check_as_daemon(&check);
	return !check.bad;
}

void rights_report(const struct config *config)
{
	char buffer[PROBLEM_MAX];
	struct text problem;
	text_init(&problem, buffer, sizeof buffer);
	if (config->root_hangs)
		log_error("root: %s: " CONFIG_NO_ANSWER, config->root);
	else if (!reach_directory(config->root, X_OK | R_OK, &problem))
		log_error("root: %s", problem.data);
	text_init(&problem, buffer, sizeof buffer);
	if (!can_make_log(config, &problem))
		log_warning(LOG_NOT_REOPENED, problem.data);
}
