/* planted.c - a random tester with a fault in it, which one PLANTED says; run by tests/harness/run.
 * Linked without the library.
 */
#include "base/alloc.h"
#include "random/random.h"

#include <fcntl.h>
#include <signal.h>

static int opens, closes, seen;

/* Fails for the second close after an open: three steps of the right kind. */
static void open_or_close(struct random *r)
{
    if (random_below(r, 4) == 0)
        opens++;
    else if (opens && random_below(r, 4) == 0)
        closes++;
    random_note(r, "%d opens, %d closes", opens, closes);
    random_expect(r, closes < 2, "closed %d times", closes);
}

static void hang(struct random *r)
{
    char path[100];

    snprintf(path, sizeof path, "%s/file", random_folder());
    int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    random_note(r, "its folder: %s, %d", random_folder(), fd);
    for (;;)
        pause();
}

static void play(struct random *r, const char *fault)
{
    unsigned kind = random_below(r, 8);

    if (strcmp(fault, "pair") == 0)
        open_or_close(r);
    else if (strcmp(fault, "hang") == 0 && kind == 3)
        hang(r);
    else if (strcmp(fault, "crash") == 0 && kind == 3)
        raise(SIGSEGV);
    else if (strcmp(fault, "leak") == 0 && kind == 3)
        (void)!eddy_alloc(8);
    else if (strcmp(fault, "flaky") == 0 && kind == 3)
        random_expect(r, getpid() % 3, "it is process %d", getpid());
    else
        seen += kind == 3;
}

void random_program(struct random *r)
{
    const char *fault = getenv("PLANTED");
    unsigned before = random_below(r, 1000);
    struct random other = random_branch(r);

    while (random_step(r))
        play(r, fault);
    random_expect(r, strcmp(fault, "end") || !seen, "%d seen, %u", seen, before);
    random_expect(r, random_bits(&other) != random_bits(r), "a branch is no other stream");
}
