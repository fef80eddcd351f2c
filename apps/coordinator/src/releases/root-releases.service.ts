import { Injectable } from '@nestjs/common';
import type { ReleaseView, SignedStatement } from '#libs/contracts';
import type { DeviceId } from '#libs/kernel';
import type { CurrentPerson } from '../access/access.decorators.ts';
import { Database } from '../database/database.ts';
import { CoordinatorError } from '../errors.ts';
import { ReleaseDecisionsService } from './release-decisions.service.ts';
import { ReleaseIntakeService } from './release-intake.service.ts';
import { ReleaseViewsService } from './release-views.service.ts';

/**
 * An admin brings what the team root signed. It takes both: the session alone has no root, and the recovery kit alone has no session. Bringing it is the
 * approval that every release by the root waits for, so its hold begins at once, shown to everybody and to be cancelled by any admin.
 */
@Injectable()
export class RootReleasesService {
  constructor(
    private readonly intake: ReleaseIntakeService,
    private readonly decisions: ReleaseDecisionsService,
    private readonly views: ReleaseViewsService,
    private readonly database: Database,
  ) {}

  /** All of it or nothing; idempotent by the statement's bytes. Throws as `ReleaseIntakeService.submit`, and `owner_not_gone`. */
  async submit(deviceId: DeviceId, statement: SignedStatement, person: CurrentPerson): Promise<ReleaseView> {
    if (statement.type !== 'root-release') throw invalid('is not one by the team’s root');
    return this.database.write(async () => {
      const { releaseId, state } = await this.intake.submit(deviceId, statement);
      if ((await this.decisions.get(releaseId)).deviceId !== deviceId) throw invalid('is about another device’s vault');
      // One that was cancelled stays so, whoever sends it again.
      if (state === 'waiting') await this.decisions.approve(releaseId, person);
      return this.views.view(await this.decisions.get(releaseId));
    });
  }
}

const invalid = (what: string): CoordinatorError =>
  new CoordinatorError('release_invalid', `The release ${what}.`, {
    nextStep: 'Nothing was released. Start again from the device’s page.',
  });
