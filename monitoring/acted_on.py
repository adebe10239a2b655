"""Which records people have acted on: those stay when their batch is taken back."""

from psycopg2 import sql

from monitoring.models import DataConflict, RegistryProposal


def acted_on_sql(feed_code: str) -> sql.Composable:
    """A SELECT of record ids of the feed: the registry was changed because of them, or a
    contradiction was answered in their favour. Never gives NULL, so NOT IN is safe.
    """
    return sql.SQL(
        "SELECT record FROM {proposals} WHERE feed = {feed} AND state = 'confirmed'"
        " UNION ALL SELECT left_record FROM {conflicts} WHERE left_feed = {feed}"
        " AND answer IN ('left', 'both') AND left_record IS NOT NULL"
        " UNION ALL SELECT right_record FROM {conflicts} WHERE right_feed = {feed}"
        " AND answer IN ('right', 'both') AND right_record IS NOT NULL"
    ).format(
        proposals=sql.Identifier(RegistryProposal._meta.db_table),
        conflicts=sql.Identifier(DataConflict._meta.db_table),
        feed=sql.Literal(feed_code),
    )
