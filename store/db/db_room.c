/* How long the write-ahead log may become on the file system that it is on. */
#include "store/db/db_room.h"

#include <sqlite3.h>
#include <sys/statvfs.h>

enum { PAGES_MIN = 100, SHARE = 4 };

int db_room_pages(struct sqlite3 *handle, int wanted, uint64_t page_bytes, int log_pages) {
    struct statvfs room;
    const char *path = sqlite3_db_filename(handle, "main");
    if (log_pages < PAGES_MIN || !path || statvfs(path, &room) != 0)
        return wanted;
    uint64_t pages =
        ((uint64_t)room.f_bavail * room.f_frsize / page_bytes + (uint64_t)log_pages) / SHARE;
    if (pages < PAGES_MIN)
        return PAGES_MIN;
    return pages < (uint64_t)wanted ? (int)pages : wanted;
}
