"""Placeholder until conflicts and proposals are in the tree."""

from psycopg2 import sql


def acted_on_sql(feed_code: str) -> sql.Composable:
    return sql.SQL("SELECT NULL::bigint WHERE false")
