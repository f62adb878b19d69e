import pytest
from built_site import built_site


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """The folder that holds the built pages."""
    return built_site(tmp_path_factory)
