"""Wrong passwords are counted in the database."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("grid", "0010_classified_event")]

    operations = [
        migrations.CreateModel(
            name="SignInTries",
            fields=[
                ("key", models.CharField(max_length=32, primary_key=True, serialize=False)),
                ("since", models.DateTimeField(db_index=True)),
                ("count", models.PositiveIntegerField()),
            ],
            options={
                "verbose_name": "登录试错计数",
                "verbose_name_plural": "登录试错计数",
            },
        ),
    ]
